/*
 * What `openclaw devices list` told, as bounded plain data, and the reasons why it told nothing.
 *
 * A failure is never an empty list: devices_decode (core/devices_json.h) either fills a struct
 * devices or names a failure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/auto_pair.h"

enum {
	DEVICES_OUTPUT_MAX_BYTES = 256 * 1024, /* more output than this is not read */
	DEVICES_ID_BYTES = 129,                /* device ids are 64 hex digits today */
	DEVICES_ROLES_BYTES = 129,
	DEVICES_PAIRED_MAX = 4096, /* an entry of the CLI takes over 64 bytes */
};

/* The words of `list failed reason=R` (spec 40 part 2). */
enum list_failure {
	LIST_SUCCEEDED,
	LIST_TIMEOUT,
	LIST_PAIRING_REQUIRED,
	LIST_COMMAND_FAILED,
	LIST_EMPTY_OUTPUT,
	LIST_INVALID_JSON,
	LIST_INVALID_RESPONSE,
	LIST_FAILURE_COUNT_,
};

/*
 * One entry of `pending`. Text is as it came, or (then malformed is set) a printable, shortened
 * picture of it (or the id is not the only one of its kind); a request id that is not well-formed
 * is shown behind a `?`, so that it never equals a good one.
 */
struct devices_request {
	char request_id[AUTO_PAIR_ID_BYTES];
	char device_id[DEVICES_ID_BYTES];       /* "": not given */
	char client_id[AUTO_PAIR_WORD_BYTES];   /* "": not given */
	char client_mode[AUTO_PAIR_WORD_BYTES]; /* "": not given */
	char scopes[AUTO_PAIR_SCOPES_BYTES];    /* union of both fields, one blank between */
	char roles[DEVICES_ROLES_BYTES];        /* likewise */
	char remote_ip[AUTO_PAIR_WORD_BYTES];   /* "": not given */
	bool malformed;
};

struct devices {
	struct devices_request *pending; /* owned */
	size_t pending_count;            /* the first AUTO_PAIR_PENDING_MAX entries */
	size_t pending_total;
	char (*paired_ids)[DEVICES_ID_BYTES]; /* owned */
	size_t paired_id_count;
	size_t paired_count; /* those without a readable id included */
	bool has_browser;    /* one of the paired is a Control UI */
};

/* Frees what is owned; harmless twice. */
void devices_deinit(struct devices *devices);

/* Is the device among the paired? Never for "". */
bool devices_is_paired(const struct devices *devices, const char *device_id);

/* `timeout`, `pairing-required` … as logged. */
const char *list_failure_to_string(enum list_failure failure);
