/*
 * The service machine: what helps a service that does not come up or keep up by itself. Repair,
 * tasks, fatal output, adoption, and how patient probes are.
 */
#include "test.h"

#include "service_fixture.h"

/* A service with a repair command, starting. */
static void make_repairable(struct fixture *fixture)
{
	fixture_init(fixture);
	fixture->config.repair.count = 1;
	make_starting(fixture, T);
}

static void a_fatal_exit_is_repaired_and_tried_once_more(void **state)
{
	struct fixture fixture;
	const struct service *service = &fixture.service;

	make_repairable(&fixture);
	assert_int_equal(tell_exit(&fixture, false, 78, T + 1000), SERVICE_DO_REPAIR);
	assert_int_equal(service->state, SERVICE_WAITING);
	assert_int_equal(service_deadline_ms(service), NEVER_MS);
	assert_int_equal(tell(&fixture, SERVICE_EV_REPAIRED, T + 5000), SERVICE_DO_CHECK_ORDER);
	assert_int_equal(tell(&fixture, SERVICE_EV_ORDER_READY, T + 5000), SERVICE_DO_START);
	tell(&fixture, SERVICE_EV_SPAWNED, T + 5000);
	assert_int_equal(service->restarts, 1);
	assert_int_equal(tell_exit(&fixture, false, 78, T + 6000), 0);
	assert_int_equal(service->state, SERVICE_BLOCKED);
	assert_int_equal(service->blocked, BLOCKED_CONFIG);
	assert_int_equal(service->failures, 2);
	assert_int_equal(service_deadline_ms(service), T + 306000);
	/* nor when it is tried again, or by a person: it must have been ready in between */
	tell(&fixture, SERVICE_EV_START, T + 7000);
	tell(&fixture, SERVICE_EV_SPAWNED, T + 7000);
	assert_int_equal(tell_exit(&fixture, false, 78, T + 8000), 0);
	assert_int_equal(service->state, SERVICE_BLOCKED);
}

static void it_is_repaired_again_once_it_has_been_ready(void **state)
{
	struct fixture fixture;

	make_repairable(&fixture);
	tell_exit(&fixture, false, 78, T + 1000);
	tell(&fixture, SERVICE_EV_REPAIRED, T + 5000);
	tell(&fixture, SERVICE_EV_SPAWNED, T + 5000);
	tell(&fixture, SERVICE_EV_TIMER, T + 5050);
	tell(&fixture, SERVICE_EV_PROBE_OK, T + 5060);
	assert_int_equal(fixture.service.state, SERVICE_READY);
	assert_int_equal(tell_exit(&fixture, false, 78, T + 6000), SERVICE_DO_REPAIR);
}

/* Without a probe every start is ready at once, so each repair seems to have helped. */
static void a_loop_of_repairs_ends(void **state)
{
	struct fixture fixture;
	unsigned repairs = 0, actions = SERVICE_DO_REPAIR;
	uint64_t now_ms = T;

	fixture_init(&fixture);
	fixture.config.repair.count = 1;
	fixture.config.probe.type = PROBE_NONE;
	tell(&fixture, SERVICE_EV_START, T);
	for (; actions & SERVICE_DO_REPAIR && repairs < 100; now_ms += 1000) {
		tell(&fixture, SERVICE_EV_REPAIRED, now_ms);
		tell(&fixture, SERVICE_EV_SPAWNED, now_ms);
		tell(&fixture, SERVICE_EV_EXEC_OK, now_ms);
		actions = tell_exit(&fixture, false, 78, now_ms);
		repairs += actions & SERVICE_DO_REPAIR ? 1 : 0;
	}
	assert_int_equal(repairs, 5);
	assert_int_equal(actions, SERVICE_DO_CRASH_LOOP);
	assert_int_equal(fixture.service.state, SERVICE_BLOCKED);
	assert_int_equal(fixture.service.blocked, BLOCKED_CONFIG);
}

static void other_exits_are_not_repaired(void **state)
{
	struct fixture fixture;

	make_repairable(&fixture);
	assert_int_equal(tell_exit(&fixture, false, 1, T + 1000), 0);
	assert_int_equal(fixture.service.state, SERVICE_BACKOFF);
}

static void a_repair_ends_with_a_stop(void **state)
{
	struct fixture fixture;

	make_repairable(&fixture);
	tell_exit(&fixture, false, 78, T + 1000);
	assert_int_equal(tell(&fixture, SERVICE_EV_STOP, T + 2000), SERVICE_DO_CANCEL_REPAIR);
	assert_int_equal(fixture.service.state, SERVICE_STOPPED);
	assert_int_equal(tell(&fixture, SERVICE_EV_REPAIRED, T + 2100), 0);
	assert_int_equal(fixture.service.state, SERVICE_STOPPED);
}

static void a_task_that_fails_blocks_until_somebody_asks(void **state)
{
	struct fixture fixture;

	fixture_init(&fixture);
	tell(&fixture, SERVICE_EV_START, T);
	assert_int_equal(tell(&fixture, SERVICE_EV_TASK_FAILED, T + 100), 0);
	assert_int_equal(fixture.service.state, SERVICE_BLOCKED);
	assert_int_equal(fixture.service.blocked, BLOCKED_TASK_FAILED);
	assert_int_equal(service_deadline_ms(&fixture.service), NEVER_MS);
	assert_int_equal(tell(&fixture, SERVICE_EV_START, T + 200), SERVICE_DO_CHECK_ORDER);
	assert_int_equal(fixture.service.blocked, BLOCKED_NOT);
	assert_int_equal(service_shown_state(&fixture.service), SERVICE_WAITING);
}

/* ---- fatal output ---- */

static void tell_fatal_output(struct fixture *fixture, unsigned text, uint64_t now_ms)
{
	const struct service_event event = { .type = SERVICE_EV_FATAL_OUTPUT, .text = text };

	assert_int_equal(service_handle(&fixture->service, &event, now_ms), 0);
}

static void who_has_written_a_fatal_text_is_never_ready(void **state)
{
	struct fixture fixture;
	const struct service *service = &fixture.service;

	fixture_init(&fixture);
	make_starting(&fixture, T);
	tell_fatal_output(&fixture, 1, T + 80);
	tell_fatal_output(&fixture, 0, T + 90); /* the first one counts */
	tell(&fixture, SERVICE_EV_PROBE_OK, T + 100);
	let_time_pass(&fixture, true, T + 599999);
	assert_int_equal(service->state, SERVICE_STARTING);
	assert_true(tell(&fixture, SERVICE_EV_TIMER, T + 600000) & SERVICE_DO_STOP_SIGNAL);
	assert_int_equal(tell_exit(&fixture, false, 0, T + 600100), 0);
	assert_int_equal(service->last_exit.reason, EXIT_REASON_FATAL_OUTPUT);
	assert_int_equal(service->state, SERVICE_BLOCKED);
	assert_int_equal(service->blocked, BLOCKED_FATAL_OUTPUT);
	assert_int_equal(service->fatal_output, 1);
	/* fatal_retry is for exit codes */
	assert_int_equal(service_deadline_ms(service), NEVER_MS);
}

static void an_exit_after_a_fatal_text_blocks_whatever_its_code(void **state)
{
	static const int codes[] = { 0, 1, 75, 78 };

	for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
		for (int policy = RESTART_ALWAYS; policy <= RESTART_NEVER; policy++) {
			struct fixture fixture;

			fixture_init(&fixture);
			fixture.config.restart = (enum restart_policy)policy;
			make_starting(&fixture, T);
			tell_fatal_output(&fixture, 0, T + 80);
			tell_exit(&fixture, false, codes[i], T + 1000);
			assert_int_equal(
			    fixture.service.last_exit.reason, EXIT_REASON_FATAL_OUTPUT);
			assert_int_equal(fixture.service.state, SERVICE_BLOCKED);
		}
	}
}

static void a_fatal_text_counts_in_its_start_and_before_ready_only(void **state)
{
	struct fixture fixture;

	fixture_init(&fixture);
	make_ready(&fixture, T);
	tell_fatal_output(&fixture, 0, T + 1000);
	tell_exit(&fixture, false, 1, T + 2000);
	assert_int_equal(fixture.service.last_exit.reason, EXIT_REASON_FAILURE);

	fixture_init(&fixture);
	make_starting(&fixture, T);
	tell_fatal_output(&fixture, 0, T + 80);
	tell(&fixture, SERVICE_EV_RESTART, T + 1000);
	tell_exit(&fixture, false, 1, T + 2000);
	assert_int_equal(fixture.service.last_exit.reason, EXIT_REASON_REQUESTED);
	tell(&fixture, SERVICE_EV_SPAWNED, T + 2000);
	tell(&fixture, SERVICE_EV_TIMER, T + 2050);
	tell(&fixture, SERVICE_EV_PROBE_OK, T + 2060);
	assert_int_equal(fixture.service.state, SERVICE_READY);
}

/* ---- adoption ---- */

static unsigned tell_adopted(struct fixture *fixture, uint64_t now_ms)
{
	const struct service_event event = { .type = SERVICE_EV_ADOPTED };

	return service_handle(&fixture->service, &event, now_ms);
}

static void an_adopted_process_is_a_start_nobody_made(void **state)
{
	struct fixture fixture;
	const struct service *service = &fixture.service;

	fixture_init(&fixture);
	make_ready(&fixture, T);
	assert_int_equal(tell_adopted(&fixture, T + 5000), SERVICE_DO_CANCEL_PROBE);
	assert_int_equal(service->state, SERVICE_STARTING);
	assert_true(service->has_process);
	assert_int_equal(service->restarts, 1);
	assert_int_equal(service->starts, 2);
	assert_int_equal(service->failures, 0);
	assert_int_equal(service->last_exit.reason, EXIT_REASON_CLEAN);
	assert_int_equal(service->last_exit.uptime_ms, 5000);
	assert_int_equal(tell(&fixture, SERVICE_EV_TIMER, T + 5050), SERVICE_DO_PROBE);
	tell(&fixture, SERVICE_EV_PROBE_OK, T + 5060);
	assert_int_equal(service->state, SERVICE_READY);
	let_time_pass(&fixture, false, T + 50060);
	assert_int_equal(service->state, SERVICE_STOPPING);
}

/* It has said so while the other one was there. */
static void an_adopted_process_may_be_ready_already(void **state)
{
	for (int said = 0; said < 2; said++) {
		struct fixture fixture;

		fixture_init(&fixture);
		fixture.config.probe.type = PROBE_NOTIFY;
		fixture.config.port = 80;
		make_starting(&fixture, T);
		tell(&fixture, SERVICE_EV_NOTIFY_READY, T + 100);
		tell(&fixture, SERVICE_EV_TIMER, T + 100);
		tell(&fixture, SERVICE_EV_PROBE_OK, T + 100);
		assert_int_equal(fixture.service.state, SERVICE_READY);
		if (said)
			assert_int_equal(tell(&fixture, SERVICE_EV_NOTIFY_READY, T + 200), 0);
		tell_adopted(&fixture, T + 5000);
		assert_int_equal(fixture.service.state, SERVICE_STARTING);
		assert_int_equal(
		    tell(&fixture, SERVICE_EV_TIMER, T + 5000), said ? SERVICE_DO_PROBE : 0);
		/* Nor does it count for the one after it. */
		tell_adopted(&fixture, T + 6000);
		assert_int_equal(tell(&fixture, SERVICE_EV_TIMER, T + 6000), 0);
	}
}

static void an_adopted_process_has_start_timeout(void **state)
{
	struct fixture fixture;

	fixture_init(&fixture);
	make_ready(&fixture, T);
	tell_adopted(&fixture, T + 5000);
	let_time_pass(&fixture, false, T + 604999);
	assert_int_equal(fixture.service.state, SERVICE_STARTING);
	let_time_pass(&fixture, false, T + 605000);
	assert_int_equal(fixture.service.state, SERVICE_STOPPING);
}

static void a_loop_of_adoptions_is_marked(void **state)
{
	struct fixture fixture;

	fixture_init(&fixture);
	make_ready(&fixture, T);
	for (int i = 1; i <= 5; i++)
		assert_false(tell_adopted(&fixture, T + 1000 * i) & SERVICE_DO_CRASH_LOOP);
	assert_true(tell_adopted(&fixture, T + 6000) & SERVICE_DO_CRASH_LOOP);
	assert_true(fixture.service.is_crash_loop);
}

/* ---- STOPPING=1 ---- */

static void who_says_it_is_stopping_is_judged_by_its_exit(void **state)
{
	struct fixture fixture;

	fixture_init(&fixture);
	make_ready(&fixture, T);
	tell(&fixture, SERVICE_EV_NOTIFY_STOPPING, T + 1000);
	assert_int_equal(tell_exit(&fixture, false, 0, T + 3000), SERVICE_DO_CHECK_ORDER);
	assert_int_equal(fixture.service.last_exit.reason, EXIT_REASON_CLEAN);
	assert_int_equal(fixture.service.state, SERVICE_WAITING);

	fixture_init(&fixture);
	make_ready(&fixture, T);
	tell(&fixture, SERVICE_EV_NOTIFY_STOPPING, T + 1000);
	assert_int_equal(tell(&fixture, SERVICE_EV_STOP, T + 2000), SERVICE_DO_STOP_SIGNAL);
	tell_exit(&fixture, false, 0, T + 3000);
	assert_int_equal(fixture.service.last_exit.reason, EXIT_REASON_REQUESTED);
	assert_int_equal(fixture.service.state, SERVICE_STOPPED);
}

/* ---- the patience of probes ---- */

static void a_report_is_made_once_and_nothing_is_done(void **state)
{
	struct fixture fixture;
	unsigned seen;

	fixture_init(&fixture);
	fixture.config.unhealthy_action = UNHEALTHY_REPORT;
	make_ready(&fixture, T);
	seen = let_time_pass(&fixture, false, T + 45099);
	assert_false(seen & SERVICE_DO_DIAGNOSE);
	seen = let_time_pass(&fixture, false, T + 45100);
	assert_true(seen & SERVICE_DO_DIAGNOSE);
	seen = let_time_pass(&fixture, false, T + 900000);
	assert_int_equal(seen, SERVICE_DO_PROBE);
	assert_int_equal(fixture.service.state, SERVICE_FAILING);
	/* well again, and sick again: that is news */
	let_time_pass(&fixture, true, T + 910000);
	assert_int_equal(fixture.service.state, SERVICE_READY);
	seen = let_time_pass(&fixture, false, T + 990000);
	assert_true(seen & SERVICE_DO_DIAGNOSE);
	assert_int_equal(fixture.service.state, SERVICE_FAILING);
}

static void the_probe_restarts_no_more_often_than_its_interval(void **state)
{
	struct fixture fixture;

	fixture_init(&fixture);
	fixture.config.probe_restart_interval_ms = 1800000;
	make_ready(&fixture, T);
	let_time_pass(&fixture, false, T + 45100);
	assert_int_equal(fixture.service.state, SERVICE_STOPPING); /* the first is free */
	tell_exit(&fixture, true, 15, T + 45200);
	tell(&fixture, SERVICE_EV_TIMER, T + 45700);
	tell(&fixture, SERVICE_EV_SPAWNED, T + 45700);
	tell(&fixture, SERVICE_EV_TIMER, T + 45750);
	tell(&fixture, SERVICE_EV_PROBE_OK, T + 45800);
	let_time_pass(&fixture, false, T + 1845099);
	assert_int_equal(fixture.service.state, SERVICE_FAILING);
	let_time_pass(&fixture, false, T + 1845100);
	assert_int_equal(fixture.service.state, SERVICE_STOPPING);
}

static void start_timeout_waits_for_that_interval_too(void **state)
{
	struct fixture fixture;

	fixture_init(&fixture);
	fixture.config.probe_restart_interval_ms = 1800000;
	make_starting(&fixture, T);
	let_time_pass(&fixture, false, T + 600000);
	assert_int_equal(fixture.service.state, SERVICE_STOPPING);
	tell_exit(&fixture, true, 15, T + 600100);
	tell(&fixture, SERVICE_EV_TIMER, T + 600600);
	tell(&fixture, SERVICE_EV_SPAWNED, T + 600600);
	let_time_pass(&fixture, false, T + 2399999);
	assert_int_equal(fixture.service.state, SERVICE_STARTING);
	let_time_pass(&fixture, false, T + 2400000);
	assert_int_equal(fixture.service.state, SERVICE_STOPPING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fatal_exit_is_repaired_and_tried_once_more),
		cmocka_unit_test(it_is_repaired_again_once_it_has_been_ready),
		cmocka_unit_test(a_loop_of_repairs_ends),
		cmocka_unit_test(other_exits_are_not_repaired),
		cmocka_unit_test(a_repair_ends_with_a_stop),
		cmocka_unit_test(a_task_that_fails_blocks_until_somebody_asks),
		cmocka_unit_test(who_has_written_a_fatal_text_is_never_ready),
		cmocka_unit_test(an_exit_after_a_fatal_text_blocks_whatever_its_code),
		cmocka_unit_test(a_fatal_text_counts_in_its_start_and_before_ready_only),
		cmocka_unit_test(an_adopted_process_is_a_start_nobody_made),
		cmocka_unit_test(an_adopted_process_may_be_ready_already),
		cmocka_unit_test(an_adopted_process_has_start_timeout),
		cmocka_unit_test(a_loop_of_adoptions_is_marked),
		cmocka_unit_test(who_says_it_is_stopping_is_judged_by_its_exit),
		cmocka_unit_test(a_report_is_made_once_and_nothing_is_done),
		cmocka_unit_test(the_probe_restarts_no_more_often_than_its_interval),
		cmocka_unit_test(start_timeout_waits_for_that_interval_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
