#include "test.h"

#include <string.h>

#include "core/snapshot.h"
#include "util/macros.h"

static void one_service_makes_this_health(void **state)
{
	static const struct {
		enum service_state state;
		bool crash_loop;
		enum exit_reason reason;
		enum health health;
	} rows[] = {
		{ SERVICE_DISABLED, false, EXIT_REASON_NONE, HEALTH_HEALTHY },
		{ SERVICE_READY, false, EXIT_REASON_FAILURE, HEALTH_HEALTHY },
		{ SERVICE_FINISHED, false, EXIT_REASON_CLEAN, HEALTH_HEALTHY },
		{ SERVICE_FINISHED, false, EXIT_REASON_FAILURE, HEALTH_DEGRADED },
		{ SERVICE_FINISHED, false, EXIT_REASON_SIGNAL, HEALTH_DEGRADED },
		{ SERVICE_WAITING, false, EXIT_REASON_NONE, HEALTH_STARTING },
		{ SERVICE_STARTING, false, EXIT_REASON_NONE, HEALTH_STARTING },
		{ SERVICE_FAILING, false, EXIT_REASON_NONE, HEALTH_DEGRADED },
		{ SERVICE_BACKOFF, false, EXIT_REASON_FAILURE, HEALTH_DEGRADED },
		{ SERVICE_STOPPED, false, EXIT_REASON_REQUESTED, HEALTH_DEGRADED },
		{ SERVICE_STOPPING, false, EXIT_REASON_NONE, HEALTH_DEGRADED },
		{ SERVICE_BLOCKED, false, EXIT_REASON_CONFIG, HEALTH_BLOCKED },
		{ SERVICE_READY, true, EXIT_REASON_FAILURE, HEALTH_BLOCKED },
		{ SERVICE_BACKOFF, true, EXIT_REASON_FAILURE, HEALTH_BLOCKED },
	};
	unsigned seen = 0;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct snapshot_service service = { .state = rows[i].state,
			.crash_loop = rows[i].crash_loop,
			.last_exit = { .reason = rows[i].reason } };

		print_message("%zu\n", i);
		seen |= 1u << rows[i].state;
		assert_int_equal(snapshot_health(&service, 1, false), rows[i].health);
		assert_int_equal(snapshot_health(&service, 1, true), HEALTH_STOPPING);
	}
	assert_int_equal(seen, (1u << SERVICE_STATE_COUNT_) - 1);
}

static void the_first_in_the_order_counts(void **state)
{
	static const struct {
		enum service_state states[3];
		enum health health;
	} rows[] = {
		{ { SERVICE_READY, SERVICE_READY, SERVICE_DISABLED }, HEALTH_HEALTHY },
		{ { SERVICE_READY, SERVICE_STARTING, SERVICE_READY }, HEALTH_STARTING },
		{ { SERVICE_STARTING, SERVICE_FAILING, SERVICE_READY }, HEALTH_DEGRADED },
		{ { SERVICE_BLOCKED, SERVICE_FAILING, SERVICE_WAITING }, HEALTH_BLOCKED },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct snapshot_service services[3];

		memset(services, 0, sizeof(services));
		for (size_t k = 0; k < 3; k++)
			services[k].state = rows[i].states[k];
		assert_int_equal(snapshot_health(services, 3, false), rows[i].health);
	}
	assert_int_equal(snapshot_health(NULL, 0, false), HEALTH_HEALTHY);
	assert_int_equal(snapshot_health(NULL, 0, true), HEALTH_STOPPING);
}

static void words_are_those_of_the_status_reply(void **state)
{
	static const char *const states[] = { "disabled", "waiting", "starting", "ready", "failing",
		"stopping", "backoff", "blocked", "stopped", "finished" };
	static const char *const reasons[] = { "none", "requested", "clean", "failure", "signal",
		"oom", "config", "fatal-output", "exec-failed", "probe-failed", "start-timeout",
		"watchdog" };
	static const char *const codes[] = { "none", "config", "fatal-output", "crash-loop",
		"task-failed", "privileges" };
	static const char *const owners[] = { "none", "self", "foreign", "unknown" };
	static const char *const healths[] = { "stopping", "blocked", "degraded", "starting",
		"healthy" };

	static_assert(ARRAY_LEN(states) == SERVICE_STATE_COUNT_, "all states");
	static_assert(ARRAY_LEN(reasons) == EXIT_REASON_COUNT_, "all reasons");
	static_assert(ARRAY_LEN(codes) == BLOCKED_CODE_COUNT_, "all codes");
	static_assert(ARRAY_LEN(owners) == LISTENER_OWNER_COUNT_, "all owners");
	static_assert(ARRAY_LEN(healths) == HEALTH_COUNT_, "all healths");
	for (int i = 0; i < SERVICE_STATE_COUNT_; i++)
		assert_string_equal(service_state_to_string((enum service_state)i), states[i]);
	for (int i = 0; i < EXIT_REASON_COUNT_; i++)
		assert_string_equal(exit_reason_to_string((enum exit_reason)i), reasons[i]);
	for (int i = 0; i < BLOCKED_CODE_COUNT_; i++)
		assert_string_equal(blocked_code_to_string((enum blocked_code)i), codes[i]);
	for (int i = 0; i < LISTENER_OWNER_COUNT_; i++)
		assert_string_equal(listener_owner_to_string((enum listener_owner)i), owners[i]);
	for (int i = 0; i < HEALTH_COUNT_; i++)
		assert_string_equal(health_to_string((enum health)i), healths[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_service_makes_this_health),
		cmocka_unit_test(the_first_in_the_order_counts),
		cmocka_unit_test(words_are_those_of_the_status_reply),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
