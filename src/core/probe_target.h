/* Where a health probe goes, and which replies are good: as written in a configuration or a
 * command. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/words.h"
#include "util/error.h"

enum probe_type {
	PROBE_NONE,
	PROBE_HTTP,
	PROBE_TCP,
	PROBE_WS,
	PROBE_EXEC,
	PROBE_NOTIFY,
};

/* A host name would need a resolver, which blocks: addresses only. */
struct probe_target {
	enum probe_type type;
	bool is_ipv6;
	uint8_t address[16]; /* network order; the first 4 for IPv4 */
	uint16_t port;
	char *path;           /* http and ws; NULL else */
	struct words command; /* exec: argv */
	char *text;           /* as written, for exec unexpanded; NULL: of notify and none */
};

enum {
	PROBE_STATUS_MAX = 8,
};

/* HTTP status codes that count as serving; unused places are 0. */
struct status_codes {
	uint16_t items[PROBE_STATUS_MAX];
};

/*
 * Reads every kind of probe but `exec:`, whose command is for who expands it. Returns 0 (the caller
 * deinits *ret_target), or -EINVAL, -ERANGE or -ENOMEM, and *error says what would have been right.
 */
int probe_target_parse(const char *text, struct probe_target *ret_target, struct error *error);

/* Frees what is owned and leaves nothing; a zeroed struct is fine. */
void probe_target_deinit(struct probe_target *target);

/* Reads 1 to PROBE_STATUS_MAX codes with blanks between them. Fails as probe_target_parse does. */
int status_codes_parse(const char *text, struct status_codes *ret_codes, struct error *error);
