/*
 * One health probe over TCP: connect, and for HTTP send one request and collect the reply. Never
 * blocks, asks no resolver, looks at no proxy variable. What the reply means is for its owner: the
 * judge is called with what has arrived so far.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/error.h"

struct loop;
struct probe;

enum {
	PROBE_REPLY_BYTES = 4096,
};

struct probe_request {
	bool is_ipv6;
	uint8_t address[16]; /* network order */
	uint16_t port;
	const char *message;  /* sent after the connect; NULL: the connect is all */
	size_t message_bytes; /* at most PROBE_REPLY_BYTES */
	/*
	 * Is the reply good? 1 yes, 0 cannot tell yet, -errno no (*error says what was wrong).
	 * is_end: nothing more will come (end of file, or PROBE_REPLY_BYTES are full).
	 */
	int (*judge)(
	    void *data, const char *reply, size_t length_bytes, bool is_end, struct error *error);
	/* Called once, when the probe is over: result 0 or -errno with *error. It frees the probe.
	 */
	void (*done)(void *data, int result, const struct error *error);
	void *data;
};

/*
 * Begins a probe that must be over at deadline_ms; done may be called before this returns only as
 * a failure to begin: then -errno is returned, *ret_probe stays NULL and done is not called.
 * request is copied, message too.
 */
int probe_start(struct loop *loop, const struct probe_request *request, uint64_t deadline_ms,
    struct probe **ret_probe, struct error *error);

/* Ends the probe without calling done, frees it, and makes *probe NULL. Harmless on NULL. */
void probe_cancel(struct probe **probe);

/* Its deadline; calls done with -ETIMEDOUT if that has come. NEVER_MS on NULL. */
uint64_t probe_turn(struct probe *probe, uint64_t now_ms);
