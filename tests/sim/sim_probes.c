/* Probes in virtual time: the pace of commands, who counts, and what a late loop may not do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "sim.h"

enum {
	SECOND = 1000,
	MINUTE = 60 * SECOND,
	HOUR = 60 * MINUTE,
	START_MS = 1000000,
};

static const char exec_ini[] = "[service node]\ncommand = node\nprobe = exec:node\n";
static const char ws_ini[] = "[service web]\ncommand = web\nprobe = ws://127.0.0.1:8080/\n"
			     "probe_expect = \"ok\":true\n";

/* Serves at once, so that its first probe finds it ready. */
static void draw_quick(size_t service)
{
	fake.services[service].child.serve_ms = 10;
}

static void start(const char *ini)
{
	sim_start(ini, START_MS, 1);
	fake.on_spawn = draw_quick;
	sim_main(fake.services[0].name)->plan.serve_ms = 10;
}

/* The last diagnosis. */
static void check_diagnosis(const char *words)
{
	const char *line = "";

	for (unsigned i = 1; i <= FAKE_LOG_LINES && !strstr(line, "\"probe-stop\""); i++)
		line = fake.log[(fake.log_next - i) % FAKE_LOG_LINES];
	print_message("%s\n", line);
	assert_non_null(strstr(line, "\"probe-stop\""));
	assert_non_null(strstr(line, words));
}

static void run_until_probed(const char *name)
{
	while (!sim_unit(name)->exec_probe)
		sim_step(NEVER_MS);
}

static void an_exec_probe_comes_soon_and_then_each_minute(void **state)
{
	start(exec_ini);
	assert_in_range(sim_run_until("node", SERVICE_READY, HOUR), 100, 110);
	assert_int_equal(fake.job_starts, 1);
	sim_run(HOUR);
	assert_in_range(fake.job_starts, 59, 61);
	assert_int_equal(sim_unit("node")->probe_latency_ms, 50);
	assert_null(sim_unit("node")->probe_detail);
	assert_int_equal(sim_events("node", "failing"), 0);
	sim_end();
}

static void a_slow_exec_probe_is_asked_more_seldom(void **state)
{
	start(exec_ini);
	sim_main("node")->plan.check_ms = 20 * SECOND;
	(void)sim_run_until("node", SERVICE_READY, HOUR);
	fake.job_starts = 0;
	sim_run(HOUR);
	assert_in_range(fake.job_starts, 29, 30); /* 100 s rest after each */
	sim_end();
}

static void an_inconclusive_probe_decides_nothing(void **state)
{
	start(exec_ini);
	(void)sim_run_until("node", SERVICE_READY, HOUR);
	sim_main("node")->plan.check_code = 3;
	sim_run(HOUR);
	assert_int_equal(sim_service("node")->state, SERVICE_READY);
	assert_int_equal(sim_events("node", "failing"), 0);
	assert_int_equal(sim_unit("node")->probe_ok, 1);
	assert_string_equal(sim_unit("node")->probe_detail, "exited with 3: and the last");
	/* Two misses are none too many, however many inconclusive ones stand between them. */
	sim_main("node")->plan.check_code = 1;
	(void)sim_run_until("node", SERVICE_FAILING, 2 * MINUTE);
	sim_run(MINUTE + SECOND);
	sim_main("node")->plan.check_code = 3;
	sim_run(HOUR);
	assert_int_equal(sim_service("node")->state, SERVICE_FAILING);
	assert_int_equal(sim_unit("node")->probe_ok, 0);
	assert_int_equal(sim_service("node")->health.misses, 2);
	assert_int_equal(sim_events("node", "probe-stop"), 0);
	sim_main("node")->plan.check_code = 0;
	(void)sim_run_until("node", SERVICE_READY, 2 * MINUTE);
	sim_end();
}

/* It makes nothing ready either. */
static void an_inconclusive_start_times_out(void **state)
{
	start(exec_ini);
	sim_main("node")->plan.check_code = 3;
	assert_in_range(sim_run_until("node", SERVICE_STOPPING, HOUR), 600 * SECOND, 601 * SECOND);
	check_diagnosis("not ready for 10m 00s (last: exited with 3: and the last); "
			"process S sleeping, 1 thread, no output\"");
	sim_end();
}

static void a_probe_that_cannot_be_run_is_no_miss(void **state)
{
	start(exec_ini);
	(void)sim_run_until("node", SERVICE_READY, HOUR);
	fake.job_error = EAGAIN;
	sim_run(HOUR);
	assert_int_equal(sim_service("node")->state, SERVICE_READY);
	assert_int_equal(sim_service("node")->health.misses, 0);
	assert_non_null(strstr(sim_unit("node")->probe_detail, "fork"));
	sim_end();
}

static void a_hanging_exec_probe_is_a_miss_and_the_third_one_the_last(void **state)
{
	uint64_t sick_ms;

	start(exec_ini);
	(void)sim_run_until("node", SERVICE_READY, HOUR);
	sim_main("node")->plan.check_ms = NEVER_MS;
	sim_main("node")->plan.term_exit = (struct exit_info){ .value = 0 };
	(void)sim_run_until("node", SERVICE_FAILING, 2 * MINUTE);
	sick_ms = fake.now_ms;
	assert_string_equal(sim_unit("node")->probe_detail, "not over after 30.0s: and the last");
	(void)sim_run_until("node", SERVICE_STOPPING, HOUR);
	/* Each takes 30 s, and rests 150 s. */
	assert_in_range(fake.now_ms - sick_ms, 2 * 180 * SECOND, 2 * 180 * SECOND + 100);
	check_diagnosis("(3 misses, last: not over after 30.0s: and the last)");
	(void)sim_run_until("node", SERVICE_READY, HOUR);
	assert_int_equal(sim_service("node")->last_exit.reason, EXIT_REASON_PROBE_FAILED);
	/* The new start knows nothing of those misses, nor of that pace. */
	assert_int_equal(sim_service("node")->health.misses, 0);
	assert_int_equal(sim_service("node")->health.duration_ms, 50);
	sim_end();
}

static void a_stop_ends_the_probe_under_way(void **state)
{
	start(exec_ini);
	(void)sim_run_until("node", SERVICE_READY, HOUR);
	sim_main("node")->plan.check_ms = NEVER_MS;
	run_until_probed("node");
	unit_stop(sim_unit("node"), 0, fake.now_ms);
	assert_int_equal(fake.jobs, 0);
	sim_run(MINUTE);
	assert_int_equal(sim_service("node")->state, SERVICE_STOPPED);
	sim_end();
}

static void an_exit_ends_the_probe_under_way(void **state)
{
	start(exec_ini);
	(void)sim_run_until("node", SERVICE_READY, HOUR);
	sim_main("node")->plan.check_ms = NEVER_MS;
	run_until_probed("node");
	sim_main("node")->die_ms = fake.now_ms;
	sim_main("node")->exit = (struct exit_info){ .value = 1 };
	sim_run(40);
	assert_int_equal(sim_service("node")->starts, 2);
	assert_int_equal(fake.jobs, 0);
	assert_int_equal(sim_service("node")->health.misses, 0);
	sim_end();
}

/* Its time ran out while nobody looked: that says nothing about the service. */
static void a_late_loop_makes_no_miss_of_an_exec_probe(void **state)
{
	start(exec_ini);
	(void)sim_run_until("node", SERVICE_READY, HOUR);
	for (unsigned i = 0; i < 10; i++) {
		sim_main("node")->plan.check_ms = NEVER_MS;
		run_until_probed("node");
		sim_freeze(HOUR);
		sim_step(NEVER_MS);
		assert_null(sim_unit("node")->exec_probe);
		assert_int_equal(sim_service("node")->health.misses, 0);
	}
	assert_int_equal(sim_service("node")->state, SERVICE_READY);
	assert_int_equal(sim_events("node", "starting"), 1);
	sim_end();
}

static void a_websocket_is_probed_like_any_address(void **state)
{
	start(ws_ini);
	(void)sim_run_until("web", SERVICE_READY, HOUR);
	sim_run(HOUR);
	assert_int_equal(sim_events("web", "failing"), 0);
	sim_main("web")->plan.hang_ms = fake.now_ms - sim_main("web")->born_ms;
	(void)sim_run_until("web", SERVICE_STOPPING, 2 * MINUTE);
	check_diagnosis("last: no reply in time); process S sleeping, 1 thread, no output, "
			"port 8080 held by itself");
	sim_end();
}

/* Ours is gone from the port, a stranger sits there and answers well. */
static void a_stranger_that_answers_keeps_nobody_ready(void **state)
{
	start(ws_ini);
	(void)sim_run_until("web", SERVICE_READY, HOUR);
	sim_main("web")->holds_port = false;
	fake.services[0].stranger_ms = fake.now_ms;
	(void)sim_run_until("web", SERVICE_STOPPING, 2 * MINUTE);
	check_diagnosis("port 8080 held by a stranger (pid 4242, process 4242)");
	sim_end();
}

static void what_is_only_to_be_reported_is_told_once_and_left(void **state)
{
	start("[service node]\ncommand = node\nprobe = exec:node\nunhealthy_action = report\n");
	(void)sim_run_until("node", SERVICE_READY, HOUR);
	for (unsigned i = 1; i <= 2; i++) {
		sim_main("node")->plan.check_code = 1;
		sim_run(HOUR);
		assert_int_equal(sim_service("node")->state, SERVICE_FAILING);
		assert_int_equal(sim_events("node", "probe-stop"), i);
		check_diagnosis("left as it is (unhealthy_action = report)");
		sim_main("node")->plan.check_code = 0;
		(void)sim_run_until("node", SERVICE_READY, 2 * MINUTE);
	}
	assert_int_equal(sim_events("node", "stopping"), 0);
	sim_end();
}

static void a_watchdog_is_diagnosed_too(void **state)
{
	start("[service web]\ncommand = web\nprobe = notify\nwatchdog = 2m\n");
	(void)sim_run_until("web", SERVICE_READY, HOUR);
	(void)sim_run_until("web", SERVICE_STOPPING, HOUR);
	check_diagnosis("no watchdog ping for 2m 00s; process S sleeping, 1 thread");
	sim_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_exec_probe_comes_soon_and_then_each_minute),
		cmocka_unit_test(a_slow_exec_probe_is_asked_more_seldom),
		cmocka_unit_test(an_inconclusive_probe_decides_nothing),
		cmocka_unit_test(an_inconclusive_start_times_out),
		cmocka_unit_test(a_probe_that_cannot_be_run_is_no_miss),
		cmocka_unit_test(a_hanging_exec_probe_is_a_miss_and_the_third_one_the_last),
		cmocka_unit_test(a_stop_ends_the_probe_under_way),
		cmocka_unit_test(an_exit_ends_the_probe_under_way),
		cmocka_unit_test(a_late_loop_makes_no_miss_of_an_exec_probe),
		cmocka_unit_test(a_websocket_is_probed_like_any_address),
		cmocka_unit_test(a_stranger_that_answers_keeps_nobody_ready),
		cmocka_unit_test(what_is_only_to_be_reported_is_told_once_and_left),
		cmocka_unit_test(a_watchdog_is_diagnosed_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
