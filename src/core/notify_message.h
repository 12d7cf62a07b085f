/* What a service says by sd_notify(3): `NAME=value` lines. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct notify_message {
	bool is_ready;
	bool is_watchdog;
	bool is_stopping;
	int64_t main_pid; /* MAINPID=; 0: not said; -1: no number of a process */
	/* Into the message, not NUL-terminated; NULL: not said. */
	const char *status;
	size_t status_bytes;
	const char *auto_pair; /* X_NEMOINIT_AUTO_PAIR, JSON */
	size_t auto_pair_bytes;
	const char *warning; /* X_NEMOINIT_WARNING, for people; empty: nothing is wrong any more */
	size_t warning_bytes;
};

/* Unknown names and lines without `=` are passed over; of a name said twice the last counts. */
void notify_message_parse(
    const char *message, size_t length_bytes, struct notify_message *ret_message);
