#include "test.h"

#include <string.h>

#include "core/pairing_rules.h"
#include "util/macros.h"

#define CLI     "operator.pairing operator.read operator.write"
#define BROWSER CLI " operator.admin operator.approvals operator.questions"

struct row {
	const char *client;
	const char *mode;
	const char *scopes;
	const char *roles;
	const char *remote_ip;
	enum pairing_reason reason;
};

static void check(const struct pairing_rules *rules, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct devices_request request = { .malformed = false };

		strcpy(request.client_id, rows[i].client);
		strcpy(request.client_mode, rows[i].mode);
		strcpy(request.scopes, rows[i].scopes);
		strcpy(request.roles, rows[i].roles);
		strcpy(request.remote_ip, rows[i].remote_ip);
		print_message("%s %s [%s] [%s] %s\n", rows[i].client, rows[i].mode, rows[i].scopes,
		    rows[i].roles, rows[i].remote_ip);
		assert_int_equal(pairing_rules_judge(rules, &request), rows[i].reason);
		request.malformed = true;
		assert_int_equal(pairing_rules_judge(rules, &request), PAIRING_MALFORMED);
	}
}

static void the_default_rules(void **state)
{
	static const struct row rows[] = {
		{ "cli", "cli", CLI, "operator", "", PAIRING_ALLOWED },
		{ "cli", "", "", "", "", PAIRING_ALLOWED },
		{ "openclaw-cli", "backend", "operator.read", "operator", "", PAIRING_ALLOWED },
		{ "anything", "cli", "operator.read", "operator", "", PAIRING_ALLOWED },
		{ "anything", "webchat", "operator.read", "operator", "", PAIRING_ALLOWED },
		{ "openclaw-control-ui", "ui", "operator.read", "operator", "", PAIRING_ALLOWED },
		{ "openclaw-control-ui", "webchat", BROWSER, "operator", "", PAIRING_ALLOWED },
		{ "openclaw-control-ui", "webchat", "talk.secrets", "operator", "",
		    PAIRING_DISALLOWED_SCOPES },
		{ "openclaw-control-ui", "cli", "operator.admin", "operator", "",
		    PAIRING_DISALLOWED_SCOPES },
		{ "cli", "webchat", "operator.admin", "operator", "", PAIRING_DISALLOWED_SCOPES },
		{ "cli", "cli", "operator.admin", "operator", "", PAIRING_DISALLOWED_SCOPES },
		{ "cli", "cli", CLI " operator.approvals", "operator", "",
		    PAIRING_DISALLOWED_SCOPES },
		{ "cli", "cli", "operator", "operator", "", PAIRING_DISALLOWED_SCOPES },
		{ "cli", "cli", "operator.reader", "operator", "", PAIRING_DISALLOWED_SCOPES },
		{ "cli", "cli", "", "node", "", PAIRING_DISALLOWED_ROLE },
		{ "cli", "cli", "", "operator node", "", PAIRING_DISALLOWED_ROLE },
		{ "", "", "", "", "", PAIRING_UNKNOWN_CLIENT },
		{ "CLI", "", "", "", "", PAIRING_UNKNOWN_CLIENT },
		{ "cl", "cl", "", "", "", PAIRING_UNKNOWN_CLIENT },
		{ "cli openclaw-cli", "", "", "", "", PAIRING_UNKNOWN_CLIENT },
		{ "openclaw-ios", "ui", "operator.admin", "node", "1.2.3.4",
		    PAIRING_UNKNOWN_CLIENT },
		{ "cli", "cli", "", "", "127.0.0.1", PAIRING_ALLOWED },
		{ "cli", "cli", "", "", "127.8.9.10", PAIRING_ALLOWED },
		{ "cli", "cli", "", "", "::1", PAIRING_ALLOWED },
		{ "cli", "cli", "", "", "::ffff:127.0.0.1", PAIRING_ALLOWED },
		{ "cli", "cli", "", "", "::ffff:203.0.113.7", PAIRING_REMOTE_CLIENT },
		{ "cli", "cli", "", "", "203.0.113.7", PAIRING_REMOTE_CLIENT },
		{ "cli", "cli", "", "", "127.0.0.1.evil", PAIRING_REMOTE_CLIENT },
		{ "cli", "cli", "", "", "localhost", PAIRING_REMOTE_CLIENT },
		{ "cli", "cli", "", "", "fe80::1", PAIRING_REMOTE_CLIENT },
	};
	struct pairing_rules rules;

	pairing_rules_init(&rules);
	check(&rules, rows, ARRAY_LEN(rows));
}

static void rules_of_the_user(void **state)
{
	static const struct row rows[] = {
		{ "mine", "x", "a", "node", "8.8.8.8", PAIRING_ALLOWED },
		{ "x", "second", "a b", "", "", PAIRING_ALLOWED },
		{ "cli", "cli", "", "", "", PAIRING_UNKNOWN_CLIENT },
		{ "mine", "", "operator.read", "", "", PAIRING_DISALLOWED_SCOPES },
		{ "mine", "", "a", "operator", "", PAIRING_DISALLOWED_ROLE },
		{ "openclaw-control-ui", "webchat", "c", "node", "", PAIRING_ALLOWED },
		{ "openclaw-control-ui", "webchat", "a", "node", "", PAIRING_DISALLOWED_SCOPES },
	};
	static const struct pairing_rules rules = { .clients = " mine\tother ",
		.modes = "first second",
		.scopes = "a  b",
		.browser_scopes = "c",
		.roles = "node",
		.allow_remote = true };

	check(&rules, rows, ARRAY_LEN(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_default_rules),
		cmocka_unit_test(rules_of_the_user),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
