/* The command of the command line beside services (spec 20 part 1), in virtual time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "sim.h"

enum {
	SECOND = 1000,
	MINUTE = 60 * SECOND,
	START_MS = 1000000,
};

static const char levels_ini[] = "[service b]\ncommand = b\nafter = a\nprobe = tcp://127.0.0.1:2\n"
				 "[service a]\ncommand = a\nprobe = tcp://127.0.0.1:1\n";

static void start(const char *ini)
{
	static char name[] = "main", *command[] = { name, NULL };

	sim_start_command(ini, command, START_MS, 1);
}

static void start_ready(void)
{
	start(levels_ini);
	(void)sim_run_until("b", SERVICE_READY, MINUTE);
}

static void finish(int code)
{
	(void)sim_run_down(MINUTE);
	assert_int_equal(supervisor_exit_code(&sim.supervisor), code);
	for (size_t i = 0; i < fake.service_count; i++)
		assert_int_equal(fake_count_alive(i), 0);
	sim_end();
}

static void ends(struct exit_info exit)
{
	struct fake_process *process = sim_main("main");

	assert_non_null(process);
	process->die_ms = fake.now_ms;
	process->exit = exit;
}

static void test_starts_at_once(void **state)
{
	start(levels_ini);
	(void)sim_run_until("main", SERVICE_READY, 10);
	assert_int_equal(sim_service("a")->state, SERVICE_STARTING);
	assert_int_equal(sim_service("b")->state, SERVICE_WAITING);
	sim_run(MINUTE);
	assert_int_equal(sim_service("main")->starts, 1);
	assert_false(sim.supervisor.is_stopping);
	ends((struct exit_info){ .value = 0 });
	finish(0);
}

static void test_its_end_stops_the_rest(void **state)
{
	static const struct {
		struct exit_info exit;
		int code;
	} rows[] = {
		{ { .value = 0 }, 0 },
		{ { .value = 3 }, 3 },
		{ { .value = 78 }, 78 }, /* fatal for others */
		{ { .value = 75 }, 75 },
		{ { .by_signal = true, .value = SIGKILL }, 137 },
		{ { .by_signal = true, .value = SIGTERM }, 143 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		start_ready();
		ends(rows[i].exit);
		(void)sim_run_until("b", SERVICE_STOPPING, SECOND);
		assert_int_equal(sim_service("main")->state, SERVICE_STOPPED);
		assert_int_equal(sim_service("a")->state, SERVICE_READY);
		assert_non_null(strstr(sim.supervisor.stop_reason, "main "));
		finish(rows[i].code);
	}
}

/* What it leaves behind has its time, and the others go on meanwhile. */
static void test_its_end_is_the_end_of_its_tree(void **state)
{
	start_ready();
	sim_child("main")->members = 2;
	sim_child("main")->member_term_ms = 1500;
	assert_int_equal(sim_request(REQUEST_RESTART, "main", NEVER_MS), 0);
	(void)sim_run_until("main", SERVICE_READY, SECOND);
	ends((struct exit_info){ .value = 3 });
	assert_in_range(sim_run_until("b", SERVICE_STOPPING, MINUTE), 1400, 1600);
	finish(3);
}

static void test_is_stopped_first(void **state)
{
	start_ready();
	sim_main("main")->plan.term_ms = NEVER_MS;
	supervisor_stop(&sim.supervisor, "SIGTERM", fake.now_ms);
	sim_wake();
	assert_int_equal(sim_service("main")->state, SERVICE_STOPPING);
	assert_int_equal(sim_service("b")->state, SERVICE_READY);
	/* 8 s less 500 ms for each of the two others. */
	assert_in_range(sim_run_until("b", SERVICE_STOPPING, MINUTE), 7000, 7050);
	assert_int_equal(sim_service("a")->state, SERVICE_READY);
	finish(137);
}

static void test_cannot_be_started(void **state)
{
	start(levels_ini);
	sim_main("main")->plan.exec_error = ENOENT;
	ends((struct exit_info){ .value = 127 });
	finish(127);
	/* Not even a process is to be had. */
	start_ready();
	fake.fork_error = EAGAIN;
	assert_int_equal(sim_request(REQUEST_RESTART, "main", NEVER_MS), 0);
	finish(126);
}

static void test_does_not_die(void **state)
{
	start_ready();
	sim_main("main")->plan.term_ms = sim_main("main")->plan.kill_ms = NEVER_MS;
	supervisor_stop(&sim.supervisor, "SIGTERM", fake.now_ms);
	sim_wake();
	(void)sim_run_down(MINUTE);
	assert_int_equal(supervisor_exit_code(&sim.supervisor), 137);
	assert_non_null(strstr(sim.supervisor.stopped, "1 of them not even by KILL (main)"));
	assert_int_equal(sim_events("a", "killed"), 0);
	sim_end();
}

static void test_a_restart_is_no_end(void **state)
{
	start_ready();
	assert_int_equal(sim_request(REQUEST_RESTART, "main", NEVER_MS), 0);
	sim_run(SECOND);
	assert_non_null(strstr(sim.reply, "\"started\""));
	assert_int_equal(sim_service("main")->starts, 2);
	assert_int_equal(sim_service("a")->starts, 1);
	/* Of all: it is down until the last of the others is. */
	sim_main("a")->plan.term_ms = 5 * SECOND;
	assert_int_equal(sim_request(REQUEST_RESTART, "", NEVER_MS), 0);
	sim_run(SECOND);
	assert_int_equal(sim_service("main")->state, SERVICE_STOPPED);
	assert_false(sim.supervisor.is_stopping);
	(void)sim_run_until("b", SERVICE_READY, MINUTE);
	assert_int_equal(sim_service("main")->state, SERVICE_READY);
	assert_false(sim.supervisor.is_stopping);
	ends((struct exit_info){ .value = 4 });
	finish(4);
}

static void test_a_stop_is_the_end(void **state)
{
	start_ready();
	sim_main("main")->plan.term_exit = (struct exit_info){ .value = 5 };
	assert_int_equal(sim_request(REQUEST_STOP, "main", NEVER_MS), 0);
	(void)sim_run_until("b", SERVICE_STOPPING, SECOND);
	assert_non_null(strstr(sim.reply, "\"ok\":true"));
	finish(5);
	/* Of all: that it is the end is all there is to say. */
	start_ready();
	assert_int_equal(sim_request(REQUEST_STOP, "", NEVER_MS), 0);
	(void)sim_run_until("a", SERVICE_STOPPING, SECOND);
	assert_non_null(strstr(sim.reply, "\"stopping\""));
	finish(0);
}

static void test_a_reload_leaves_it_alone(void **state)
{
	start_ready();
	sim_reload("[service c]\ncommand = c\nafter = b\n"
		   "[service b]\ncommand = b\nafter = a\nprobe = tcp://127.0.0.1:2\n"
		   "[service a]\ncommand = a\nprobe = tcp://127.0.0.1:1\n");
	(void)sim_run_until("c", SERVICE_READY, MINUTE);
	assert_int_equal(sim_service("main")->starts, 1);
	supervisor_stop(&sim.supervisor, "SIGTERM", fake.now_ms);
	sim_wake();
	assert_int_equal(sim_service("main")->state, SERVICE_STOPPING);
	assert_int_equal(sim_service("c")->state, SERVICE_READY);
	finish(0);
}

static void test_without_one(void **state)
{
	sim_start(levels_ini, START_MS, 1);
	sim_run(MINUTE);
	supervisor_forward(&sim.supervisor, SIGUSR1);
	supervisor_stop(&sim.supervisor, "SIGTERM", fake.now_ms);
	sim_wake();
	finish(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_starts_at_once),
		cmocka_unit_test(test_its_end_stops_the_rest),
		cmocka_unit_test(test_its_end_is_the_end_of_its_tree),
		cmocka_unit_test(test_is_stopped_first),
		cmocka_unit_test(test_cannot_be_started),
		cmocka_unit_test(test_does_not_die),
		cmocka_unit_test(test_a_restart_is_no_end),
		cmocka_unit_test(test_a_stop_is_the_end),
		cmocka_unit_test(test_a_reload_leaves_it_alone),
		cmocka_unit_test(test_without_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
