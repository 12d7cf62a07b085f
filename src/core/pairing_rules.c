#include "core/pairing_rules.h"

#include <arpa/inet.h>
#include <string.h>

#include "core/word_set.h"
#include "util/macros.h"

static const char *const reason_names[] = {
	[PAIRING_ALLOWED] = "allowed",
	[PAIRING_UNKNOWN_CLIENT] = "unknown-client",
	[PAIRING_DISALLOWED_SCOPES] = "disallowed-scopes",
	[PAIRING_DISALLOWED_ROLE] = "disallowed-role",
	[PAIRING_REMOTE_CLIENT] = "remote-client",
	[PAIRING_MALFORMED] = "malformed",
	[PAIRING_TOO_MANY_ATTEMPTS] = "too-many-attempts",
};
static_assert(ARRAY_LEN(reason_names) == PAIRING_REASON_COUNT_, "a name for every reason");

void pairing_rules_init(struct pairing_rules *rules)
{
	*rules = (struct pairing_rules){
		.clients = "openclaw-control-ui cli openclaw-cli",
		.modes = "webchat cli",
		.scopes = "operator.pairing operator.read operator.write",
		.browser_scopes = "operator.admin operator.read operator.write operator.approvals "
				  "operator.pairing operator.questions",
		.roles = "operator",
		.allow_remote = false,
	};
}

/* The scopes that the request's class may have; NULL when it is of no class. */
static const char *allowed_scopes(
    const struct pairing_rules *rules, const struct devices_request *request)
{
	if (strcmp(request->client_id, "openclaw-control-ui") == 0 &&
	    strcmp(request->client_mode, "webchat") == 0)
		return rules->browser_scopes;
	if ((request->client_id[0] && word_set_has(rules->clients, request->client_id)) ||
	    (request->client_mode[0] && word_set_has(rules->modes, request->client_mode)))
		return rules->scopes;
	return NULL;
}

/* 127.0.0.0/8, ::1, and the former written as IPv6 (RFC 4291 2.5.5.2). */
static bool is_loopback(const char *address)
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };
	static const unsigned char one[16] = { [15] = 1 };
	unsigned char bytes[16];

	if (inet_pton(AF_INET, address, bytes) == 1)
		return bytes[0] == 127;
	if (inet_pton(AF_INET6, address, bytes) != 1)
		return false;
	return memcmp(bytes, one, sizeof(one)) == 0 ||
	       (memcmp(bytes, mapped, sizeof(mapped)) == 0 && bytes[12] == 127);
}

enum pairing_reason pairing_rules_judge(
    const struct pairing_rules *rules, const struct devices_request *request)
{
	const char *scopes;

	if (request->malformed)
		return PAIRING_MALFORMED;
	scopes = allowed_scopes(rules, request);
	if (!scopes)
		return PAIRING_UNKNOWN_CLIENT;
	if (!word_set_is_within(request->scopes, scopes))
		return PAIRING_DISALLOWED_SCOPES;
	if (!word_set_is_within(request->roles, rules->roles))
		return PAIRING_DISALLOWED_ROLE;
	if (request->remote_ip[0] && !rules->allow_remote && !is_loopback(request->remote_ip))
		return PAIRING_REMOTE_CLIENT;
	return PAIRING_ALLOWED;
}

const char *pairing_reason_to_string(enum pairing_reason reason)
{
	return reason_names[reason];
}
