/* The service machine: how lives end and what follows (spec 30 parts 1 and 2). */
#include "test.h"

#include "service_fixture.h"

static void exits_are_told_apart(void **state)
{
	static const struct {
		enum service_event_type before; /* COUNT_: nothing */
		bool by_signal;
		int value;
		bool is_oom;
		enum exit_reason reason;
	} rows[] = {
		{ SERVICE_EV_COUNT_, false, 0, false, EXIT_REASON_CLEAN },
		{ SERVICE_EV_COUNT_, false, 75, false, EXIT_REASON_CLEAN },
		{ SERVICE_EV_COUNT_, false, 1, false, EXIT_REASON_FAILURE },
		{ SERVICE_EV_COUNT_, false, 255, false, EXIT_REASON_FAILURE },
		{ SERVICE_EV_COUNT_, false, 77, false, EXIT_REASON_FAILURE },
		{ SERVICE_EV_COUNT_, false, 78, false, EXIT_REASON_CONFIG },
		{ SERVICE_EV_COUNT_, true, 11, false, EXIT_REASON_SIGNAL },
		{ SERVICE_EV_COUNT_, true, 15, false, EXIT_REASON_SIGNAL },
		{ SERVICE_EV_COUNT_, true, 78, false, EXIT_REASON_SIGNAL },
		{ SERVICE_EV_COUNT_, true, 9, false, EXIT_REASON_SIGNAL },
		{ SERVICE_EV_COUNT_, true, 9, true, EXIT_REASON_OOM },
		{ SERVICE_EV_EXEC_FAILED, false, 127, false, EXIT_REASON_EXEC_FAILED },
		{ SERVICE_EV_EXEC_FAILED, false, 78, false, EXIT_REASON_EXEC_FAILED },
		{ SERVICE_EV_RESTART, false, 0, false, EXIT_REASON_REQUESTED },
		{ SERVICE_EV_RESTART, false, 78, false, EXIT_REASON_REQUESTED },
		{ SERVICE_EV_STOP, false, 1, false, EXIT_REASON_REQUESTED },
		{ SERVICE_EV_STOP, true, 9, false, EXIT_REASON_REQUESTED },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct service_event exited = { .type = SERVICE_EV_EXITED,
			.exit = { .by_signal = rows[i].by_signal, .value = rows[i].value },
			.is_oom = rows[i].is_oom };
		const struct service_exit *exit;
		struct fixture fixture;

		print_message("%zu\n", i);
		fixture_init(&fixture);
		make_ready(&fixture, T);
		if (rows[i].before != SERVICE_EV_COUNT_)
			tell(&fixture, rows[i].before, T + 2000);
		service_handle(&fixture.service, &exited, T + 3000);
		exit = &fixture.service.last_exit;
		assert_int_equal(exit->reason, rows[i].reason);
		assert_int_equal(exit->info.value, rows[i].value);
		assert_int_equal(exit->info.by_signal, rows[i].by_signal);
		assert_int_equal(exit->uptime_ms, 3000);
		assert_true(exit->has_status && exit->was_ready);
		assert_false(fixture.service.has_process);
	}
}

static void the_restart_rule_decides_what_follows(void **state)
{
	static const struct {
		enum restart_policy restart;
		bool was_ready;
		int code; /* negative: a signal */
		enum service_state next;
		unsigned failures;
	} rows[] = {
		{ RESTART_ALWAYS, true, 0, SERVICE_WAITING, 0 },
		{ RESTART_ALWAYS, true, 75, SERVICE_WAITING, 0 },
		{ RESTART_ALWAYS, true, 1, SERVICE_BACKOFF, 1 },
		{ RESTART_ALWAYS, true, 78, SERVICE_BLOCKED, 1 },
		{ RESTART_ALWAYS, true, -11, SERVICE_BACKOFF, 1 },
		{ RESTART_ALWAYS, false, 0, SERVICE_BACKOFF, 1 },
		{ RESTART_ALWAYS, false, 75, SERVICE_BACKOFF, 1 },
		{ RESTART_ALWAYS, false, 1, SERVICE_BACKOFF, 1 },
		{ RESTART_ALWAYS, false, 78, SERVICE_BLOCKED, 1 },
		{ RESTART_ON_FAILURE, true, 0, SERVICE_FINISHED, 0 },
		{ RESTART_ON_FAILURE, false, 0, SERVICE_FINISHED, 0 },
		{ RESTART_ON_FAILURE, true, 75, SERVICE_WAITING, 0 },
		{ RESTART_ON_FAILURE, false, 75, SERVICE_BACKOFF, 1 },
		{ RESTART_ON_FAILURE, true, 1, SERVICE_BACKOFF, 1 },
		{ RESTART_ON_FAILURE, true, -15, SERVICE_BACKOFF, 1 },
		{ RESTART_ON_FAILURE, true, 78, SERVICE_BLOCKED, 1 },
		{ RESTART_NEVER, true, 0, SERVICE_FINISHED, 0 },
		{ RESTART_NEVER, true, 75, SERVICE_FINISHED, 0 },
		{ RESTART_NEVER, true, 1, SERVICE_FINISHED, 0 },
		{ RESTART_NEVER, true, 78, SERVICE_FINISHED, 0 },
		{ RESTART_NEVER, false, -9, SERVICE_FINISHED, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int code = rows[i].code;
		struct fixture fixture;
		unsigned actions;

		print_message("%zu\n", i);
		fixture_init(&fixture);
		fixture.config.restart = rows[i].restart;
		if (rows[i].was_ready)
			make_ready(&fixture, T);
		else
			make_starting(&fixture, T);
		actions = tell_exit(&fixture, code < 0, code < 0 ? -code : code, T + 1000);
		assert_int_equal(fixture.service.state, rows[i].next);
		assert_int_equal(fixture.service.failures, rows[i].failures);
		assert_int_equal(
		    actions, rows[i].next == SERVICE_WAITING ? SERVICE_DO_CHECK_ORDER : 0);
		if (rows[i].next == SERVICE_BACKOFF)
			assert_int_equal(service_deadline_ms(&fixture.service), T + 1500);
		if (rows[i].next == SERVICE_FINISHED)
			assert_int_equal(service_deadline_ms(&fixture.service), NEVER_MS);
	}
}

static void failures_in_a_row_wait_longer_each_time(void **state)
{
	static const uint64_t delays_ms[] = { 500, 1000, 2000, 4000, 8000 };
	struct fixture fixture;
	uint64_t now_ms = T;

	fixture_init(&fixture);
	for (size_t i = 0; i < ARRAY_LEN(delays_ms); i++) {
		make_ready(&fixture, now_ms);
		now_ms += 1000;
		tell_exit(&fixture, false, 1, now_ms);
		assert_int_equal(service_deadline_ms(&fixture.service), now_ms + delays_ms[i]);
		now_ms += delays_ms[i];
		assert_int_equal(tell(&fixture, SERVICE_EV_TIMER, now_ms), SERVICE_DO_CHECK_ORDER);
	}
}

static void the_first_failure_after_a_stable_run_is_not_delayed(void **state)
{
	struct fixture fixture;

	fixture_init(&fixture);
	make_ready(&fixture, T);
	let_time_pass(&fixture, true, T + 60100);
	tell_exit(&fixture, false, 1, T + 60150); /* ready since T + 150 */
	assert_int_equal(fixture.service.state, SERVICE_WAITING);
	assert_int_equal(fixture.service.failures, 1);
	/* the next is the second in a row */
	tell(&fixture, SERVICE_EV_SPAWNED, T + 60200);
	tell_exit(&fixture, false, 1, T + 60300);
	assert_int_equal(fixture.service.failures, 2);
	assert_int_equal(service_deadline_ms(&fixture.service), T + 60300 + 1000);
}

static void a_run_one_millisecond_short_of_stable_is_delayed(void **state)
{
	struct fixture fixture;

	fixture_init(&fixture);
	make_ready(&fixture, T);
	tell_exit(&fixture, false, 1, T + 60099);
	assert_int_equal(fixture.service.state, SERVICE_BACKOFF);
	fixture_init(&fixture);
	make_ready(&fixture, T);
	tell_exit(&fixture, false, 1, T + 60100);
	assert_int_equal(fixture.service.state, SERVICE_WAITING);
}

static void failing_and_stopping_are_no_part_of_a_stable_run(void **state)
{
	struct fixture fixture;

	/* It hangs soon after it is ready and has to be killed: no stable run, however long. */
	fixture_init(&fixture);
	make_ready(&fixture, T);
	let_time_pass(&fixture, false, T + 50000);
	assert_int_equal(fixture.service.state, SERVICE_STOPPING);
	tell_exit(&fixture, true, 9, T + 70000);
	assert_int_equal(fixture.service.last_exit.reason, EXIT_REASON_PROBE_FAILED);
	assert_int_equal(fixture.service.state, SERVICE_BACKOFF);
	assert_int_equal(service_deadline_ms(&fixture.service), T + 70500);
	/* It was well for long before it hung: a stable run. */
	fixture_init(&fixture);
	make_ready(&fixture, T);
	let_time_pass(&fixture, true, T + 90000);
	let_time_pass(&fixture, false, T + 200000);
	assert_int_equal(fixture.service.state, SERVICE_STOPPING);
	tell_exit(&fixture, true, 9, T + 200000);
	assert_int_equal(fixture.service.state, SERVICE_WAITING);
	assert_int_equal(fixture.service.failures, 1);
}

static void a_stable_run_forgets_failures(void **state)
{
	struct fixture fixture;

	fixture_init(&fixture);
	make_starting(&fixture, T);
	tell_exit(&fixture, false, 1, T + 1000);
	tell(&fixture, SERVICE_EV_TIMER, T + 1500);
	tell(&fixture, SERVICE_EV_SPAWNED, T + 1500);
	let_time_pass(&fixture, true, T + 61549);
	assert_int_equal(fixture.service.state, SERVICE_READY);
	assert_int_equal(fixture.service.failures, 1);
	assert_int_equal(service_deadline_ms(&fixture.service), T + 61550);
	tell(&fixture, SERVICE_EV_TIMER, T + 61550);
	assert_int_equal(fixture.service.failures, 0);
}

static void an_exit_that_is_handled_before_the_timer_follows_a_stable_run_too(void **state)
{
	struct fixture fixture;
	struct service *service = &fixture.service;

	fixture_init(&fixture);
	make_ready(&fixture, T);
	service->failures = 7;
	service->is_crash_loop = true;
	assert_int_equal(tell_exit(&fixture, false, 1, T + 60100), SERVICE_DO_CHECK_ORDER);
	assert_int_equal(service->failures, 1);
	assert_false(service->is_crash_loop);
	service->failures = 7;
	service->is_crash_loop = true;
	make_ready(&fixture, T + 70000);
	assert_int_equal(tell_exit(&fixture, false, 0, T + 140000), SERVICE_DO_CHECK_ORDER);
	assert_int_equal(service->failures, 0);
	assert_false(service->is_crash_loop);
}

static void failing_does_not_forget_failures(void **state)
{
	struct fixture fixture;

	fixture_init(&fixture);
	fixture.config.unhealthy_after_ms = 200000;
	make_starting(&fixture, T);
	tell_exit(&fixture, false, 1, T + 1000);
	tell(&fixture, SERVICE_EV_TIMER, T + 1500);
	tell(&fixture, SERVICE_EV_SPAWNED, T + 1500);
	let_time_pass(&fixture, true, T + 2000);
	let_time_pass(&fixture, false, T + 100000);
	assert_int_equal(fixture.service.state, SERVICE_FAILING);
	assert_int_equal(fixture.service.failures, 1);
	let_time_pass(&fixture, true, T + 103000);
	assert_int_equal(fixture.service.state, SERVICE_READY);
}

/* ---- fatal exits ---- */

static void a_fatal_exit_blocks_until_the_service_is_ready_again(void **state)
{
	struct fixture fixture;
	struct service *service = &fixture.service;

	fixture_init(&fixture);
	make_starting(&fixture, T);
	tell_exit(&fixture, false, 78, T + 1000);
	assert_int_equal(service->state, SERVICE_BLOCKED);
	assert_int_equal(service->blocked, BLOCKED_CONFIG);
	assert_int_equal(service_deadline_ms(service), T + 301000);
	assert_int_equal(tell(&fixture, SERVICE_EV_TIMER, T + 301000), SERVICE_DO_CHECK_ORDER);
	assert_int_equal(service->state, SERVICE_WAITING);
	assert_int_equal(service_shown_state(service), SERVICE_BLOCKED);
	tell(&fixture, SERVICE_EV_SPAWNED, T + 301000);
	assert_int_equal(service_shown_state(service), SERVICE_BLOCKED);
	tell_exit(&fixture, false, 78, T + 302000);
	assert_int_equal(service->state, SERVICE_BLOCKED);
	/* Whatever else ends a retry, it has not been ready. */
	tell(&fixture, SERVICE_EV_TIMER, T + 602000);
	tell(&fixture, SERVICE_EV_SPAWNED, T + 602000);
	tell_exit(&fixture, false, 1, T + 603000);
	assert_int_equal(service->state, SERVICE_BLOCKED);
	assert_int_equal(service->blocked, BLOCKED_CONFIG);
	assert_int_equal(service_deadline_ms(service), T + 903000);
	tell(&fixture, SERVICE_EV_TIMER, T + 903000);
	tell(&fixture, SERVICE_EV_SPAWN_FAILED, T + 903000);
	assert_int_equal(service->blocked, BLOCKED_CONFIG);
	assert_int_equal(service_deadline_ms(service), T + 1203000);
	tell(&fixture, SERVICE_EV_TIMER, T + 1203000);
	tell(&fixture, SERVICE_EV_SPAWNED, T + 1203000);
	tell(&fixture, SERVICE_EV_TIMER, T + 1203050);
	tell(&fixture, SERVICE_EV_PROBE_OK, T + 1203060);
	assert_int_equal(service->blocked, BLOCKED_NOT);
	assert_int_equal(service_shown_state(service), SERVICE_READY);
}

static void fatal_exits_are_no_crash_loop(void **state)
{
	struct fixture fixture;
	uint64_t now_ms = T;

	fixture_init(&fixture);
	fixture.config.fatal_retry_ms = 1000;
	tell(&fixture, SERVICE_EV_START, now_ms);
	for (int i = 0; i < 20; i++) {
		tell(&fixture, SERVICE_EV_SPAWNED, now_ms);
		assert_int_equal(tell_exit(&fixture, false, 78, now_ms), 0);
		assert_false(fixture.service.is_crash_loop);
		now_ms += 1000;
		assert_int_equal(tell(&fixture, SERVICE_EV_TIMER, now_ms), SERVICE_DO_CHECK_ORDER);
	}
}

static void without_fatal_retry_only_a_person_helps(void **state)
{
	static const enum service_event_type asks[] = { SERVICE_EV_START, SERVICE_EV_RESTART };

	for (size_t i = 0; i < ARRAY_LEN(asks); i++) {
		struct fixture fixture;

		fixture_init(&fixture);
		fixture.config.fatal_retry_ms = 0;
		make_starting(&fixture, T);
		tell_exit(&fixture, false, 78, T + 1000);
		assert_int_equal(service_deadline_ms(&fixture.service), NEVER_MS);
		assert_int_equal(tell(&fixture, asks[i], T + 2000), SERVICE_DO_CHECK_ORDER);
		assert_int_equal(fixture.service.blocked, BLOCKED_NOT);
		assert_int_equal(fixture.service.failures, 0);
	}
}

/* ---- crash loops ---- */

/* Crashes count times, a second apart, without a stable run; returns what was answered. */
static unsigned crash(struct fixture *fixture, int code, bool ready, int count, uint64_t *now_ms)
{
	unsigned actions = 0;

	for (int i = 0; i < count; i++) {
		*now_ms = max_ms(*now_ms, fixture->service.state == SERVICE_BACKOFF
					      ? service_deadline_ms(&fixture->service)
					      : 0);
		tell(fixture, SERVICE_EV_TIMER, *now_ms);
		tell(fixture, SERVICE_EV_SPAWNED, *now_ms);
		if (ready) {
			tell(fixture, SERVICE_EV_TIMER, *now_ms + 50);
			tell(fixture, SERVICE_EV_PROBE_OK, *now_ms + 60);
		}
		*now_ms += 1000;
		actions = tell_exit(fixture, false, code, *now_ms);
	}
	return actions;
}

static void more_crashes_than_the_limit_slow_it_down(void **state)
{
	struct fixture fixture;
	uint64_t now_ms = T;

	fixture_init(&fixture);
	tell(&fixture, SERVICE_EV_START, now_ms);
	assert_int_equal(crash(&fixture, 1, false, 5, &now_ms), 0);
	assert_false(fixture.service.is_crash_loop);
	assert_int_equal(crash(&fixture, 1, false, 1, &now_ms), SERVICE_DO_CRASH_LOOP);
	assert_true(fixture.service.is_crash_loop);
	assert_int_equal(service_deadline_ms(&fixture.service), now_ms + 60000);
	/* told once */
	assert_int_equal(crash(&fixture, 1, false, 3, &now_ms), 0);
	assert_int_equal(service_deadline_ms(&fixture.service), now_ms + 60000);
	tell(&fixture, SERVICE_EV_START, now_ms);
	assert_false(fixture.service.is_crash_loop);
	assert_int_equal(crash(&fixture, 1, false, 5, &now_ms), 0);
	assert_int_equal(crash(&fixture, 1, false, 1, &now_ms), SERVICE_DO_CRASH_LOOP);
}

/* Asked to start what is on its way, or up: it stays as it is, but for the mark. */
static void a_crash_loop_is_forgiven_whatever_it_does(void **state)
{
	static const enum service_event_type on_the_way[] = { SERVICE_EV_SPAWNED, SERVICE_EV_TIMER,
		SERVICE_EV_PROBE_OK, SERVICE_EV_TIMER, SERVICE_EV_PROBE_MISS };

	for (size_t steps = 0; steps <= ARRAY_LEN(on_the_way); steps++) {
		struct fixture fixture;
		uint64_t now_ms = T;
		enum service_state before;

		fixture_init(&fixture);
		tell(&fixture, SERVICE_EV_START, T);
		crash(&fixture, 1, false, 6, &now_ms);
		now_ms = service_deadline_ms(&fixture.service);
		tell(&fixture, SERVICE_EV_TIMER, now_ms);
		for (size_t i = 0; i < steps; i++) {
			if (on_the_way[i] == SERVICE_EV_TIMER)
				now_ms = service_deadline_ms(&fixture.service);
			tell(&fixture, on_the_way[i], now_ms);
		}
		before = fixture.service.state;
		assert_true(fixture.service.is_crash_loop);
		assert_int_equal(tell(&fixture, SERVICE_EV_START, now_ms), 0);
		assert_int_equal(fixture.service.state, before);
		assert_false(fixture.service.is_crash_loop);
		assert_int_equal(fixture.service.failures, 0);
		assert_int_equal(fixture.service.crashes.count, 0);
	}
}

static void clean_exits_count_for_a_crash_loop_too(void **state)
{
	struct fixture fixture;
	uint64_t now_ms = T;

	fixture_init(&fixture);
	tell(&fixture, SERVICE_EV_START, now_ms);
	assert_int_equal(crash(&fixture, 0, true, 5, &now_ms), SERVICE_DO_CHECK_ORDER);
	assert_int_equal(crash(&fixture, 0, true, 1, &now_ms), SERVICE_DO_CRASH_LOOP);
	assert_int_equal(fixture.service.state, SERVICE_BACKOFF);
	assert_int_equal(service_deadline_ms(&fixture.service), now_ms + 60000);
	assert_int_equal(fixture.service.failures, 0);
}

static void requested_restarts_count_for_no_crash_loop(void **state)
{
	struct fixture fixture;
	uint64_t now_ms = T;

	fixture_init(&fixture);
	make_ready(&fixture, now_ms);
	for (int i = 0; i < 20; i++) {
		tell(&fixture, SERVICE_EV_RESTART, now_ms += 1000);
		assert_int_equal(tell_exit(&fixture, false, 0, now_ms), SERVICE_DO_CHECK_ORDER);
		tell(&fixture, SERVICE_EV_SPAWNED, now_ms);
	}
	assert_false(fixture.service.is_crash_loop);
	assert_int_equal(fixture.service.failures, 0);
	assert_int_equal(fixture.service.restarts, 0);
}

static void a_crash_loop_can_block(void **state)
{
	struct fixture fixture;
	uint64_t now_ms = T;

	fixture_init(&fixture);
	fixture.config.crash_action = CRASH_BLOCK;
	tell(&fixture, SERVICE_EV_START, now_ms);
	assert_int_equal(crash(&fixture, 1, false, 6, &now_ms), SERVICE_DO_CRASH_LOOP);
	assert_int_equal(fixture.service.state, SERVICE_BLOCKED);
	assert_int_equal(fixture.service.blocked, BLOCKED_CRASH_LOOP);
	assert_int_equal(service_deadline_ms(&fixture.service), NEVER_MS);
	assert_int_equal(tell(&fixture, SERVICE_EV_START, now_ms + 1000), SERVICE_DO_CHECK_ORDER);
	assert_int_equal(fixture.service.blocked, BLOCKED_NOT);
	assert_false(fixture.service.is_crash_loop);
}

static void a_stable_run_ends_a_crash_loop(void **state)
{
	struct fixture fixture;
	uint64_t now_ms = T;

	fixture_init(&fixture);
	tell(&fixture, SERVICE_EV_START, now_ms);
	crash(&fixture, 1, false, 6, &now_ms);
	now_ms = service_deadline_ms(&fixture.service);
	tell(&fixture, SERVICE_EV_TIMER, now_ms);
	tell(&fixture, SERVICE_EV_SPAWNED, now_ms);
	let_time_pass(&fixture, true, now_ms + 60049);
	assert_true(fixture.service.is_crash_loop);
	let_time_pass(&fixture, true, now_ms + 60050);
	assert_false(fixture.service.is_crash_loop);
	assert_int_equal(fixture.service.failures, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exits_are_told_apart),
		cmocka_unit_test(the_restart_rule_decides_what_follows),
		cmocka_unit_test(failures_in_a_row_wait_longer_each_time),
		cmocka_unit_test(the_first_failure_after_a_stable_run_is_not_delayed),
		cmocka_unit_test(a_run_one_millisecond_short_of_stable_is_delayed),
		cmocka_unit_test(failing_and_stopping_are_no_part_of_a_stable_run),
		cmocka_unit_test(a_stable_run_forgets_failures),
		cmocka_unit_test(an_exit_that_is_handled_before_the_timer_follows_a_stable_run_too),
		cmocka_unit_test(failing_does_not_forget_failures),
		cmocka_unit_test(a_fatal_exit_blocks_until_the_service_is_ready_again),
		cmocka_unit_test(fatal_exits_are_no_crash_loop),
		cmocka_unit_test(without_fatal_retry_only_a_person_helps),
		cmocka_unit_test(more_crashes_than_the_limit_slow_it_down),
		cmocka_unit_test(a_crash_loop_is_forgiven_whatever_it_does),
		cmocka_unit_test(clean_exits_count_for_a_crash_loop_too),
		cmocka_unit_test(requested_restarts_count_for_no_crash_loop),
		cmocka_unit_test(a_crash_loop_can_block),
		cmocka_unit_test(a_stable_run_ends_a_crash_loop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
