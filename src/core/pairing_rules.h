/*
 * Who is let in (spec 40 part 2). Client id and mode are what the client says of itself: the rules
 * are defence in depth, not authentication.
 */
#pragma once

#include <stdbool.h>

#include "core/devices.h"

enum pairing_reason {
	PAIRING_ALLOWED,
	PAIRING_UNKNOWN_CLIENT,
	PAIRING_DISALLOWED_SCOPES,
	PAIRING_DISALLOWED_ROLE,
	PAIRING_REMOTE_CLIENT,
	PAIRING_MALFORMED,
	PAIRING_TOO_MANY_ATTEMPTS, /* never by the rules: pairing.c counts */
	PAIRING_REASON_COUNT_,
};

/* Sets of words, borrowed. clients, modes and scopes are those of class cli. */
struct pairing_rules {
	const char *clients;
	const char *modes;
	const char *scopes;
	const char *browser_scopes;
	const char *roles;
	bool allow_remote;
};

/* The defaults of spec 40 part 2. */
void pairing_rules_init(struct pairing_rules *rules);

enum pairing_reason pairing_rules_judge(
    const struct pairing_rules *rules, const struct devices_request *request);

/* `unknown-client` … as logged. */
const char *pairing_reason_to_string(enum pairing_reason reason);
