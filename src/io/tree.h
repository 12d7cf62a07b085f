/*
 * The processes of a service: its main process, which leads a session, and everything in that
 * session; or, where it leads only a process group, everything in that. Signals go to the main
 * process while it is unreaped, so its pid cannot be another's; the kernel does not give the number
 * away either while session or group has a member (setsid(2)).
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/* Sends signal, then CONT, since a stopped process must wake to die. 0 or -errno (-ESRCH: gone). */
int tree_signal_main(pid_t main_pid, int signal);

/* The same to every process of the session. */
void tree_signal_all(pid_t main_pid, int signal);

/*
 * Is any process of the session left that is not a zombie? is_known tells a child that belongs to
 * somebody else: if all our children do, nothing of the session can be left (what loses its parent
 * becomes our child), and the search through /proc is spared.
 */
bool tree_is_alive(pid_t main_pid, bool (*is_known)(void *data, pid_t pid), void *data);
