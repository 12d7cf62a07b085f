/* The service machine: starts, stops, health and time (spec 30 parts 1 and 3). */
#include "test.h"

#include "service_fixture.h"

/* ---- starting ---- */

static void readiness_is_what_the_configuration_asks_for(void **state)
{
	static const struct {
		enum probe_type probe;
		uint16_t port;
		enum service_event_type readies;
	} rows[] = {
		{ PROBE_NONE, 0, SERVICE_EV_EXEC_OK },
		{ PROBE_NONE, 80, SERVICE_EV_PROBE_OK },
		{ PROBE_NOTIFY, 0, SERVICE_EV_NOTIFY_READY },
		{ PROBE_TCP, 80, SERVICE_EV_PROBE_OK },
		{ PROBE_HTTP, 0, SERVICE_EV_PROBE_OK },
	};
	static const enum service_event_type events[] = { SERVICE_EV_EXEC_OK, SERVICE_EV_PROBE_OK,
		SERVICE_EV_NOTIFY_READY };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		for (size_t k = 0; k < ARRAY_LEN(events); k++) {
			struct fixture fixture;

			print_message("%zu, %d\n", i, events[k]);
			fixture_init(&fixture);
			fixture.config.probe.type = rows[i].probe;
			fixture.config.port = rows[i].port;
			tell(&fixture, SERVICE_EV_START, T);
			tell(&fixture, SERVICE_EV_SPAWNED, T);
			tell(&fixture, SERVICE_EV_TIMER, T + 50);
			assert_int_equal(tell(&fixture, events[k], T + 100), 0);
			assert_int_equal(fixture.service.state,
			    events[k] == rows[i].readies ? SERVICE_READY : SERVICE_STARTING);
		}
	}
}

/* Its word is not enough where it is to hold a port: that is looked at until it does. */
static void who_says_ready_must_hold_the_port(void **state)
{
	struct fixture fixture;

	fixture_init(&fixture);
	fixture.config.probe.type = PROBE_NOTIFY;
	fixture.config.port = 80;
	tell(&fixture, SERVICE_EV_START, T);
	tell(&fixture, SERVICE_EV_SPAWNED, T);
	assert_int_equal(service_deadline_ms(&fixture.service), T + 600000);
	assert_int_equal(tell(&fixture, SERVICE_EV_NOTIFY_READY, T + 100), 0);
	assert_int_equal(fixture.service.state, SERVICE_STARTING);
	assert_int_equal(service_deadline_ms(&fixture.service), T + 100);
	assert_int_equal(tell(&fixture, SERVICE_EV_TIMER, T + 100), SERVICE_DO_PROBE);
	assert_int_equal(tell(&fixture, SERVICE_EV_NOTIFY_READY, T + 100), 0);
	assert_int_equal(tell(&fixture, SERVICE_EV_PROBE_MISS, T + 100), 0);
	assert_int_equal(service_deadline_ms(&fixture.service), T + 1100);
	assert_int_equal(tell(&fixture, SERVICE_EV_TIMER, T + 1100), SERVICE_DO_PROBE);
	assert_int_equal(tell(&fixture, SERVICE_EV_PROBE_OK, T + 1100), 0);
	assert_int_equal(fixture.service.state, SERVICE_READY);
	assert_int_equal(service_deadline_ms(&fixture.service), NEVER_MS);
}

static void ready_is_once_per_start(void **state)
{
	struct fixture fixture;

	fixture_init(&fixture);
	make_ready(&fixture, T);
	assert_int_equal(fixture.service.ready_ms, T + 100);
	tell(&fixture, SERVICE_EV_TIMER, T + 10100);
	tell(&fixture, SERVICE_EV_PROBE_MISS, T + 10100);
	assert_int_equal(fixture.service.state, SERVICE_FAILING);
	tell(&fixture, SERVICE_EV_TIMER, T + 12100);
	tell(&fixture, SERVICE_EV_PROBE_OK, T + 12100);
	assert_int_equal(fixture.service.state, SERVICE_READY);
	assert_int_equal(fixture.service.ready_ms, T + 100);
}

static void a_stranger_on_the_port_is_waited_for_and_is_no_failure(void **state)
{
	struct fixture fixture;
	uint64_t now_ms = T;

	fixture_init(&fixture);
	tell(&fixture, SERVICE_EV_START, now_ms);
	for (int i = 0; i < 50; i++) {
		assert_int_equal(tell(&fixture, SERVICE_EV_ORDER_READY, now_ms), SERVICE_DO_START);
		assert_int_equal(tell(&fixture, SERVICE_EV_PORT_FOREIGN, now_ms), 0);
		assert_int_equal(fixture.service.state, SERVICE_BACKOFF);
		assert_true(fixture.service.has_foreign_port);
		assert_int_equal(service_deadline_ms(&fixture.service), now_ms + 2000);
		now_ms += 2000;
		assert_int_equal(tell(&fixture, SERVICE_EV_TIMER, now_ms), SERVICE_DO_CHECK_ORDER);
		assert_false(fixture.service.has_foreign_port);
	}
	tell(&fixture, SERVICE_EV_SPAWNED, now_ms);
	assert_int_equal(fixture.service.failures, 0);
	assert_int_equal(fixture.service.crashes.count, 0);
	assert_int_equal(fixture.service.restarts, 0);
	assert_int_equal(fixture.service.last_exit.reason, EXIT_REASON_NONE);
}

static void no_process_at_all_is_a_failed_start(void **state)
{
	struct fixture fixture;

	fixture_init(&fixture);
	tell(&fixture, SERVICE_EV_START, T);
	assert_int_equal(tell(&fixture, SERVICE_EV_SPAWN_FAILED, T), 0);
	assert_int_equal(service_deadline_ms(&fixture.service), T + 500);
	tell(&fixture, SERVICE_EV_TIMER, T + 500);
	tell(&fixture, SERVICE_EV_SPAWN_FAILED, T + 500);
	assert_int_equal(service_deadline_ms(&fixture.service), T + 1500);
	assert_int_equal(fixture.service.last_exit.reason, EXIT_REASON_EXEC_FAILED);
	assert_false(fixture.service.last_exit.has_status);
	assert_int_equal(fixture.service.starts, 0);
}

static void fail_privilege(struct fixture *fixture, uint64_t now_ms)
{
	const struct service_event event = { .type = SERVICE_EV_EXEC_FAILED, .is_privilege = true };

	tell(fixture, SERVICE_EV_START, now_ms);
	tell(fixture, SERVICE_EV_ORDER_READY, now_ms);
	tell(fixture, SERVICE_EV_SPAWNED, now_ms);
	service_handle(&fixture->service, &event, now_ms);
	tell_exit(fixture, false, 126, now_ms);
}

static void a_required_privilege_refused_blocks_whatever_the_rule(void **state)
{
	struct fixture fixture;

	fixture_init(&fixture);
	fixture.config.restart = RESTART_NEVER;
	fail_privilege(&fixture, T);
	assert_int_equal(fixture.service.state, SERVICE_BLOCKED);
	assert_int_equal(fixture.service.blocked, BLOCKED_PRIVILEGES);
	assert_int_equal(fixture.service.last_exit.reason, EXIT_REASON_EXEC_FAILED);
	assert_true(service_deadline_ms(&fixture.service) == NEVER_MS);
	/* What hinders the next try is told by that one. */
	fixture.config.restart = RESTART_ALWAYS;
	tell(&fixture, SERVICE_EV_START, T + 1000);
	tell(&fixture, SERVICE_EV_SPAWN_FAILED, T + 1000);
	assert_int_equal(fixture.service.state, SERVICE_BACKOFF);
	assert_int_equal(fixture.service.blocked, BLOCKED_NOT);
}

static void a_failed_start_after_a_stable_run_is_delayed(void **state)
{
	struct fixture fixture;

	fixture_init(&fixture);
	make_ready(&fixture, T);
	assert_int_equal(tell_exit(&fixture, false, 1, T + 100000), SERVICE_DO_CHECK_ORDER);
	assert_int_equal(tell(&fixture, SERVICE_EV_SPAWN_FAILED, T + 100000), 0);
	assert_int_equal(fixture.service.state, SERVICE_BACKOFF);
	assert_int_equal(service_deadline_ms(&fixture.service), T + 101000);
}

static void a_start_that_takes_too_long_is_a_failure(void **state)
{
	struct fixture fixture;

	fixture_init(&fixture);
	make_starting(&fixture, T);
	let_time_pass(&fixture, false, T + 599999);
	assert_int_equal(fixture.service.state, SERVICE_STARTING);
	assert_int_equal(tell(&fixture, SERVICE_EV_TIMER, T + 600000),
	    SERVICE_DO_DIAGNOSE | SERVICE_DO_STOP_SIGNAL | SERVICE_DO_CANCEL_PROBE);
	tell_exit(&fixture, false, 0, T + 600100);
	assert_int_equal(fixture.service.last_exit.reason, EXIT_REASON_START_TIMEOUT);
	assert_int_equal(fixture.service.state, SERVICE_BACKOFF);
	assert_int_equal(fixture.service.failures, 1);
	assert_int_equal(service_deadline_ms(&fixture.service), T + 600600);
}

static void restarts_are_the_starts_nobody_asked_for(void **state)
{
	struct fixture fixture;
	const struct service *service = &fixture.service;

	fixture_init(&fixture);
	make_ready(&fixture, T);
	assert_int_equal(service->restarts, 0);
	tell_exit(&fixture, false, 1, T + 1000);
	tell(&fixture, SERVICE_EV_TIMER, T + 1500);
	tell(&fixture, SERVICE_EV_SPAWNED, T + 1500);
	assert_int_equal(service->restarts, 1);
	tell(&fixture, SERVICE_EV_RESTART, T + 2000);
	tell_exit(&fixture, false, 1, T + 2100);
	tell(&fixture, SERVICE_EV_SPAWNED, T + 2100);
	assert_int_equal(service->restarts, 1);
	/* asked for while it waits for its next try */
	tell_exit(&fixture, false, 1, T + 3000);
	tell(&fixture, SERVICE_EV_START, T + 3100);
	tell(&fixture, SERVICE_EV_SPAWNED, T + 3100);
	assert_int_equal(service->restarts, 1);
	/* a clean exit of its own is none that was asked for */
	tell(&fixture, SERVICE_EV_TIMER, T + 3150);
	tell(&fixture, SERVICE_EV_PROBE_OK, T + 3150);
	tell_exit(&fixture, false, 0, T + 4000);
	tell(&fixture, SERVICE_EV_SPAWNED, T + 4000);
	assert_int_equal(service->restarts, 2);
	assert_int_equal(service->starts, 5);
}

/* ---- health ---- */

static void an_unhealthy_service_is_stopped_and_tried_again(void **state)
{
	struct fixture fixture;
	unsigned seen;

	fixture_init(&fixture);
	make_ready(&fixture, T);
	seen = let_time_pass(&fixture, false, T + 45099);
	assert_int_equal(fixture.service.state, SERVICE_FAILING);
	assert_false(seen & SERVICE_DO_STOP_SIGNAL);
	seen = let_time_pass(&fixture, false, T + 45100);
	assert_true(seen & SERVICE_DO_STOP_SIGNAL);
	assert_true(seen & SERVICE_DO_CANCEL_PROBE);
	assert_int_equal(fixture.service.state, SERVICE_STOPPING);
	tell_exit(&fixture, false, 0, T + 46000);
	assert_int_equal(fixture.service.last_exit.reason, EXIT_REASON_PROBE_FAILED);
	assert_int_equal(fixture.service.failures, 1);
}

static void two_misses_are_never_enough(void **state)
{
	struct fixture fixture;

	fixture_init(&fixture);
	make_ready(&fixture, T);
	for (int i = 0; i < 2; i++) {
		uint64_t now_ms = service_deadline_ms(&fixture.service);

		assert_int_equal(tell(&fixture, SERVICE_EV_TIMER, now_ms), SERVICE_DO_PROBE);
		assert_int_equal(tell(&fixture, SERVICE_EV_PROBE_MISS, now_ms + 60000), 0);
		assert_int_equal(fixture.service.state, SERVICE_FAILING);
	}
	tell(&fixture, SERVICE_EV_TIMER, service_deadline_ms(&fixture.service));
	assert_int_equal(tell(&fixture, SERVICE_EV_PROBE_MISS, T + 200000),
	    SERVICE_DO_DIAGNOSE | SERVICE_DO_STOP_SIGNAL | SERVICE_DO_CANCEL_PROBE);
}

static void a_success_before_the_end_saves_it(void **state)
{
	struct fixture fixture;

	fixture_init(&fixture);
	make_ready(&fixture, T);
	let_time_pass(&fixture, false, T + 44000);
	let_time_pass(&fixture, true, T + 47000);
	assert_int_equal(fixture.service.state, SERVICE_READY);
	let_time_pass(&fixture, false, T + 70000);
	assert_int_equal(fixture.service.state, SERVICE_FAILING);
}

static void a_silent_watchdog_stops_it(void **state)
{
	struct fixture fixture;

	fixture_init(&fixture);
	fixture.config.probe.type = PROBE_NOTIFY;
	fixture.config.watchdog_ms = 30000;
	make_starting(&fixture, T);
	tell(&fixture, SERVICE_EV_NOTIFY_WATCHDOG, T + 60);
	assert_int_equal(service_deadline_ms(&fixture.service), T + 600000);
	tell(&fixture, SERVICE_EV_NOTIFY_READY, T + 1000);
	assert_int_equal(service_deadline_ms(&fixture.service), T + 31000);
	tell(&fixture, SERVICE_EV_NOTIFY_WATCHDOG, T + 20000);
	assert_int_equal(service_deadline_ms(&fixture.service), T + 50000);
	assert_int_equal(tell(&fixture, SERVICE_EV_TIMER, T + 50000),
	    SERVICE_DO_DIAGNOSE | SERVICE_DO_STOP_SIGNAL | SERVICE_DO_CANCEL_PROBE);
	tell_exit(&fixture, true, 15, T + 50010);
	assert_int_equal(fixture.service.last_exit.reason, EXIT_REASON_WATCHDOG);
}

static void a_late_loop_moves_what_is_about_health(void **state)
{
	struct fixture fixture;

	fixture_init(&fixture);
	make_starting(&fixture, T);
	service_shift(&fixture.service, 7000);
	assert_int_equal(service_deadline_ms(&fixture.service), T + 607000);
	tell(&fixture, SERVICE_EV_PROBE_OK, T + 8000);
	tell(&fixture, SERVICE_EV_STOP, T + 9000);
	service_shift(&fixture.service, 7000);
	assert_int_equal(service_deadline_ms(&fixture.service), T + 36000);
	tell(&fixture, SERVICE_EV_EXITED, T + 10000);
	assert_int_equal(service_deadline_ms(&fixture.service), T + 12000);
	service_shift(&fixture.service, 7000);
	assert_int_equal(service_deadline_ms(&fixture.service), T + 19000);
}

static void a_late_loop_does_not_make_a_process_unkillable(void **state)
{
	struct fixture fixture;

	fixture_init(&fixture);
	make_ready(&fixture, T);
	tell(&fixture, SERVICE_EV_STOP, T + 1000);
	assert_int_equal(tell(&fixture, SERVICE_EV_KILL, T + 2000), SERVICE_DO_KILL_TREE);
	service_shift(&fixture.service, 10000);
	assert_int_equal(tell(&fixture, SERVICE_EV_TIMER, T + 12500), SERVICE_DO_KILL_TREE);
}

static void a_late_loop_does_not_move_the_pace_of_restarts(void **state)
{
	struct fixture fixture;

	fixture_init(&fixture);
	make_starting(&fixture, T);
	tell_exit(&fixture, false, 1, T + 1000);
	service_shift(&fixture.service, 7000);
	assert_int_equal(service_deadline_ms(&fixture.service), T + 1500);
	fixture_init(&fixture);
	make_starting(&fixture, T);
	tell_exit(&fixture, false, 78, T + 1000);
	service_shift(&fixture.service, 7000);
	assert_int_equal(service_deadline_ms(&fixture.service), T + 301000);
}

/* ---- stopping ---- */

static void a_stop_while_starting_is_no_failure(void **state)
{
	struct fixture fixture;

	fixture_init(&fixture);
	make_starting(&fixture, T);
	tell(&fixture, SERVICE_EV_STOP, T + 1000);
	assert_int_equal(tell_exit(&fixture, false, 1, T + 1100), 0);
	assert_int_equal(fixture.service.state, SERVICE_STOPPED);
	assert_int_equal(fixture.service.last_exit.reason, EXIT_REASON_REQUESTED);
	assert_int_equal(fixture.service.failures, 0);
	assert_int_equal(service_deadline_ms(&fixture.service), NEVER_MS);
}

static void whoever_asks_last_is_obeyed(void **state)
{
	static const struct {
		enum service_event_type first; /* COUNT_: the process ends by itself */
		enum service_event_type second;
		enum service_state end;
	} rows[] = {
		{ SERVICE_EV_STOP, SERVICE_EV_START, SERVICE_WAITING },
		{ SERVICE_EV_STOP, SERVICE_EV_RESTART, SERVICE_WAITING },
		{ SERVICE_EV_RESTART, SERVICE_EV_STOP, SERVICE_STOPPED },
		{ SERVICE_EV_RESTART, SERVICE_EV_START, SERVICE_WAITING },
		{ SERVICE_EV_STOP, SERVICE_EV_STOP, SERVICE_STOPPED },
		{ SERVICE_EV_COUNT_, SERVICE_EV_STOP, SERVICE_STOPPED },
		{ SERVICE_EV_COUNT_, SERVICE_EV_START, SERVICE_WAITING },
		{ SERVICE_EV_COUNT_, SERVICE_EV_RESTART, SERVICE_WAITING },
		{ SERVICE_EV_COUNT_, SERVICE_EV_COUNT_, SERVICE_BACKOFF },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct service_event exited = { .type = SERVICE_EV_EXITED,
			.exit = { .value = 1 } };
		struct fixture fixture;

		print_message("%zu\n", i);
		fixture_init(&fixture);
		make_ready(&fixture, T);
		if (rows[i].first != SERVICE_EV_COUNT_)
			tell(&fixture, rows[i].first, T + 1000);
		service_handle(&fixture.service, &exited, T + 1500);
		if (rows[i].second != SERVICE_EV_COUNT_)
			tell(&fixture, rows[i].second, T + 1600);
		assert_int_equal(tell(&fixture, SERVICE_EV_TREE_GONE, T + 1700),
		    rows[i].end == SERVICE_WAITING ? SERVICE_DO_CHECK_ORDER : 0);
		assert_int_equal(fixture.service.state, rows[i].end);
		if (rows[i].second != SERVICE_EV_COUNT_)
			assert_int_equal(fixture.service.failures, 0);
	}
}

static void patience_ends_with_kill(void **state)
{
	struct fixture fixture;
	uint64_t now_ms;

	fixture_init(&fixture);
	make_ready(&fixture, T);
	assert_int_equal(tell(&fixture, SERVICE_EV_STOP, T + 1000),
	    SERVICE_DO_STOP_SIGNAL | SERVICE_DO_CANCEL_PROBE);
	assert_int_equal(service_deadline_ms(&fixture.service), T + 21000);
	/* KILL, again every 500 ms; after 5 s it is said once that it does not die. */
	for (now_ms = T + 21000; now_ms < T + 26000; now_ms += 500) {
		assert_int_equal(service_deadline_ms(&fixture.service), now_ms);
		assert_int_equal(tell(&fixture, SERVICE_EV_TIMER, now_ms), SERVICE_DO_KILL_TREE);
		assert_false(fixture.service.is_unkillable);
	}
	assert_int_equal(
	    tell(&fixture, SERVICE_EV_TIMER, now_ms), SERVICE_DO_KILL_TREE | SERVICE_DO_UNKILLABLE);
	assert_true(fixture.service.is_unkillable);
	assert_int_equal(tell(&fixture, SERVICE_EV_TIMER, now_ms + 500), SERVICE_DO_KILL_TREE);
	assert_int_equal(fixture.service.state, SERVICE_STOPPING);
	tell_exit(&fixture, true, 9, now_ms + 600);
	assert_int_equal(fixture.service.state, SERVICE_STOPPED);
	assert_false(fixture.service.is_unkillable);
	assert_int_equal(fixture.service.killed_ms, NEVER_MS);
}

static void what_is_left_of_a_tree_gets_two_seconds(void **state)
{
	struct fixture fixture;

	fixture_init(&fixture);
	make_ready(&fixture, T);
	assert_int_equal(tell(&fixture, SERVICE_EV_EXITED, T + 1000),
	    SERVICE_DO_END_TREE | SERVICE_DO_CANCEL_PROBE);
	assert_int_equal(service_deadline_ms(&fixture.service), T + 3000);
	assert_int_equal(tell(&fixture, SERVICE_EV_TIMER, T + 3000), SERVICE_DO_KILL_TREE);
	tell(&fixture, SERVICE_EV_TREE_GONE, T + 3001);
	assert_int_equal(fixture.service.state, SERVICE_WAITING);
	/* or less, when the stop itself has less left */
	fixture_init(&fixture);
	make_ready(&fixture, T);
	tell(&fixture, SERVICE_EV_STOP, T + 1000);
	tell(&fixture, SERVICE_EV_EXITED, T + 20000);
	assert_int_equal(service_deadline_ms(&fixture.service), T + 21000);
}

static void no_new_start_before_the_tree_is_gone(void **state)
{
	struct fixture fixture;

	fixture_init(&fixture);
	make_ready(&fixture, T);
	tell(&fixture, SERVICE_EV_RESTART, T + 1000);
	for (int event = 0; event < SERVICE_EV_COUNT_; event++)
		if (event != SERVICE_EV_EXITED)
			assert_false(tell(&fixture, event, T + 2000) &
				     (SERVICE_DO_START | SERVICE_DO_CHECK_ORDER));
	tell(&fixture, SERVICE_EV_EXITED, T + 3000);
	assert_int_equal(fixture.service.state, SERVICE_STOPPING);
}

static void a_shutdown_can_shorten_a_stop(void **state)
{
	static const struct {
		uint64_t first_limit_ms;
		uint64_t second_limit_ms; /* NEVER_MS: no second stop */
		uint64_t deadline_ms;
	} rows[] = {
		{ 0, NEVER_MS, T + 21000 },
		{ 3000, NEVER_MS, T + 4000 },
		{ 0, 3000, T + 5000 },
		{ 0, 0, T + 21000 },
		{ 3000, 10000, T + 4000 },
		{ NEVER_MS - 1, NEVER_MS, NEVER_MS },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct service_event stop = { .type = SERVICE_EV_STOP,
			.limit_ms = rows[i].first_limit_ms };
		struct fixture fixture;

		print_message("%zu\n", i);
		fixture_init(&fixture);
		make_ready(&fixture, T);
		service_handle(&fixture.service, &stop, T + 1000);
		stop.limit_ms = rows[i].second_limit_ms;
		if (stop.limit_ms != NEVER_MS)
			assert_int_equal(service_handle(&fixture.service, &stop, T + 2000), 0);
		assert_int_equal(service_deadline_ms(&fixture.service), rows[i].deadline_ms);
	}
}

/* ---- as others see it ---- */

/* While it is going down for one reason or another, and once its tree is gone. */
static void a_new_configuration_waits_for_the_end_of_the_old_tree(void **state)
{
	static const struct {
		bool was_enabled;
		enum service_event_type events[3]; /* COUNT_: none */
		bool is_enabled; /* by the configuration that is there in the end */
		enum service_state end;
	} rows[] = {
#define NONE SERVICE_EV_COUNT_
		{ true, { SERVICE_EV_RECONFIGURE, NONE, NONE }, true, SERVICE_WAITING },
		{ true, { SERVICE_EV_DISABLE, NONE, NONE }, false, SERVICE_DISABLED },
		{ true, { SERVICE_EV_STOP, SERVICE_EV_RECONFIGURE, NONE }, true, SERVICE_STOPPED },
		{ true, { SERVICE_EV_STOP, SERVICE_EV_DISABLE, NONE }, false, SERVICE_DISABLED },
		{ true, { SERVICE_EV_RECONFIGURE, SERVICE_EV_STOP, NONE }, true, SERVICE_STOPPED },
		{ true, { SERVICE_EV_RECONFIGURE, SERVICE_EV_DISABLE, NONE }, false,
		    SERVICE_DISABLED },
		{ true, { SERVICE_EV_DISABLE, SERVICE_EV_STOP, NONE }, false, SERVICE_DISABLED },
		/* Disabled by the last reload, which is still going on, and enabled by this one. */
		{ false, { SERVICE_EV_DISABLE, SERVICE_EV_RECONFIGURE, NONE }, true,
		    SERVICE_WAITING },
		{ true, { NONE, SERVICE_EV_RECONFIGURE, NONE }, true, SERVICE_WAITING },
		{ true, { NONE, SERVICE_EV_DISABLE, NONE }, false, SERVICE_DISABLED },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fixture fixture;

		fixture_init(&fixture);
		fixture.config.restart = RESTART_NEVER;
		make_ready(&fixture, T);
		fixture.config.enabled = rows[i].was_enabled;
		for (size_t k = 0; k < ARRAY_LEN(rows[i].events); k++) {
			if (rows[i].events[k] != NONE)
				tell(&fixture, rows[i].events[k], T + 1000);
			else if (k == 0) /* it ends by itself */
				tell(&fixture, SERVICE_EV_EXITED, T + 1000);
			assert_int_equal(fixture.service.state, SERVICE_STOPPING);
		}
		fixture.config.enabled = rows[i].is_enabled;
		tell_exit(&fixture, false, 0, T + 2000);
		if (fixture.service.state != rows[i].end)
			fail_msg("row %zu: %s", i, service_state_to_string(fixture.service.state));
		assert_int_equal(fixture.service.restarts, 0);
	}
}

static void a_new_configuration_forgives_and_disabled_is_no_crash_loop(void **state)
{
	struct fixture fixture;

	fixture_init(&fixture);
	fixture.config.crash_limit.count = 1;
	for (uint64_t i = 0; i < 3; i++) {
		make_starting(&fixture, T + i);
		tell_exit(&fixture, false, 1, T + i);
		if (i < 2)
			tell(&fixture, SERVICE_EV_TIMER, service_deadline_ms(&fixture.service));
	}
	assert_true(fixture.service.is_crash_loop);
	tell(&fixture, SERVICE_EV_DISABLE, T + 100000);
	assert_false(fixture.service.is_crash_loop);
	assert_int_equal(fixture.service.failures, 0);
	tell(&fixture, SERVICE_EV_RECONFIGURE, T + 100000);
	assert_int_equal(fixture.service.state, SERVICE_WAITING);
	make_starting(&fixture, T + 100000);
	tell_exit(&fixture, false, 1, T + 100001);
	assert_int_equal(fixture.service.failures, 1);
	tell(&fixture, SERVICE_EV_RECONFIGURE, T + 100002);
	assert_int_equal(fixture.service.state, SERVICE_WAITING);
	assert_int_equal(fixture.service.failures, 0);
}

static void others_may_start_after_what_is_ready_or_well_ended(void **state)
{
	for (int is = 0; is < SERVICE_STATE_COUNT_; is++) {
		const struct service service = { .state = (enum service_state)is,
			.last_exit = { .reason = EXIT_REASON_CLEAN } };

		assert_int_equal(service_is_order_ready(&service),
		    is == SERVICE_READY || is == SERVICE_DISABLED || is == SERVICE_FINISHED);
	}
	for (int reason = 0; reason < EXIT_REASON_COUNT_; reason++) {
		const struct service service = { .state = SERVICE_FINISHED,
			.last_exit = { .reason = (enum exit_reason)reason } };

		assert_int_equal(service_is_order_ready(&service), reason == EXIT_REASON_CLEAN);
	}
}

static void a_blocked_service_is_shown_so_while_it_is_tried(void **state)
{
	for (int is = 0; is < SERVICE_STATE_COUNT_; is++) {
		struct service service = { .state = (enum service_state)is };

		assert_int_equal(service_shown_state(&service), is);
		service.blocked = BLOCKED_CONFIG;
		if (is == SERVICE_WAITING || is == SERVICE_STARTING || is == SERVICE_STOPPING)
			assert_int_equal(service_shown_state(&service), SERVICE_BLOCKED);
		else
			assert_int_equal(service_shown_state(&service), is);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(readiness_is_what_the_configuration_asks_for),
		cmocka_unit_test(who_says_ready_must_hold_the_port),
		cmocka_unit_test(ready_is_once_per_start),
		cmocka_unit_test(a_stranger_on_the_port_is_waited_for_and_is_no_failure),
		cmocka_unit_test(no_process_at_all_is_a_failed_start),
		cmocka_unit_test(a_required_privilege_refused_blocks_whatever_the_rule),
		cmocka_unit_test(a_failed_start_after_a_stable_run_is_delayed),
		cmocka_unit_test(a_start_that_takes_too_long_is_a_failure),
		cmocka_unit_test(restarts_are_the_starts_nobody_asked_for),
		cmocka_unit_test(an_unhealthy_service_is_stopped_and_tried_again),
		cmocka_unit_test(two_misses_are_never_enough),
		cmocka_unit_test(a_success_before_the_end_saves_it),
		cmocka_unit_test(a_silent_watchdog_stops_it),
		cmocka_unit_test(a_late_loop_moves_what_is_about_health),
		cmocka_unit_test(a_late_loop_does_not_make_a_process_unkillable),
		cmocka_unit_test(a_late_loop_does_not_move_the_pace_of_restarts),
		cmocka_unit_test(a_stop_while_starting_is_no_failure),
		cmocka_unit_test(whoever_asks_last_is_obeyed),
		cmocka_unit_test(patience_ends_with_kill),
		cmocka_unit_test(what_is_left_of_a_tree_gets_two_seconds),
		cmocka_unit_test(no_new_start_before_the_tree_is_gone),
		cmocka_unit_test(a_shutdown_can_shorten_a_stop),
		cmocka_unit_test(a_new_configuration_waits_for_the_end_of_the_old_tree),
		cmocka_unit_test(a_new_configuration_forgives_and_disabled_is_no_crash_loop),
		cmocka_unit_test(others_may_start_after_what_is_ready_or_well_ended),
		cmocka_unit_test(a_blocked_service_is_shown_so_while_it_is_tried),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
