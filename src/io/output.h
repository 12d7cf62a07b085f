/* Reading what a service writes: one pipe a stream, whatever comes is handed over at once. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct loop;
struct output;

enum {
	OUTPUT_READ_BYTES = 4096,
	/* From then on a turn is long enough: one more read for each, that nobody goes without. */
	OUTPUT_TURN_MS = 1,
};

/*
 * Makes a pipe. *ret_write_fd is the service's end, the caller's to close after the fork. handle
 * gets the bytes; with length 0 the stream has ended (once). Returns 0 or -errno.
 */
int output_new(struct loop *loop,
    void (*handle)(void *data, const char *bytes, size_t length_bytes), void *data,
    struct output **ret_output, int *ret_write_fd);

/* Reads what is there now: the last words of a process that has gone. What comes from a survivor
 * meanwhile can wait. */
void output_drain(struct output *output);

/* Frees without another call of handle. Harmless on NULL. */
void output_free(struct output **output);
