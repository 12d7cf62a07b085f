/*
 * Signals by signalfd(2): blocked for life, read in the loop like any descriptor, so no handler
 * ever runs between two instructions. Children get an empty mask back (io/spawn.c).
 */
#pragma once

#include <sys/types.h>

struct loop;
struct signals;

/*
 * Blocks every signal that can be blocked and is not a fault of this very process, and puts every
 * disposition to its default, since an ignored signal would be ignored by our children too
 * (execve(2)). The first thing main() does: a signal that comes before signals_new waits for it.
 */
void signals_block(void);

/*
 * Delivers every signal to handle(data, signal, pid of the sender or 0). SIGCHLD is coalesced by
 * the kernel. Returns 0 or -errno.
 */
int signals_new(struct loop *loop, void (*handle)(void *data, int signal, pid_t sender), void *data,
    struct signals **ret_signals);
void signals_free(struct signals **signals);
