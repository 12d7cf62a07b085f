/* What another configuration does to services in every state (spec 30 part 3), in virtual time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "app/unit.h"
#include "sim.h"

enum {
	SECOND = 1000,
	MINUTE = 60 * SECOND,
	HOUR = 60 * MINUTE,
	START_MS = 1000000,
};

#define A          "[service a]\ncommand = a\n"
#define B          "[service b]\ncommand = b\nafter = a\n"
#define C          "[service c]\ncommand = c\nafter = b\n"
#define OTHER(one) one "stop_signal = INT\nstop_timeout = 5s\n"

static void start(const char *ini)
{
	sim_start(ini, START_MS, 1);
}

static void wait_ready(const char *name)
{
	(void)sim_run_until(name, SERVICE_READY, HOUR);
}

static unsigned starts(const char *name)
{
	return fake.services[fake_find_service(name)].starts;
}

static bool is_there(const char *name)
{
	return supervisor_find_any(&sim.supervisor, name) != NULL;
}

static const char *last_line(const char *event)
{
	static const char *line;

	line = "";
	for (unsigned i = 0; i < FAKE_LOG_LINES; i++)
		if (strstr(fake.log[(fake.log_next + i) % FAKE_LOG_LINES], event))
			line = fake.log[(fake.log_next + i) % FAKE_LOG_LINES];
	return line;
}

static void exits_with(const char *name, uint64_t after_ms, int code)
{
	sim_child(name)->exit_ms = after_ms;
	sim_child(name)->exit = (struct exit_info){ .value = code };
}

static void check_starts(unsigned a, unsigned b, unsigned c)
{
	assert_int_equal(starts("a"), a);
	assert_int_equal(starts("b"), b);
	assert_int_equal(starts("c"), c);
}

static void start_three(void)
{
	start(A B C);
	wait_ready("c");
}

/* ---- secrets ---- */

static void test_what_a_survivor_says_has_the_old_secrets(void **state)
{
	static const char words[] = "it is hunter2-old";
	const char *lines[LINE_RING_COUNT];
	struct unit *unit;
	size_t count;

	start(A "env.A_SECRET = hunter2-old\nrestart_delay = 10s\n");
	wait_ready("a");
	sim_main("a")->die_ms = fake.now_ms;
	sim_main("a")->exit.value = 1;
	(void)sim_run_until("a", SERVICE_BACKOFF, HOUR);
	unit = sim_unit("a");
	unit_on_output(&unit->streams[0], words, strlen(words));
	sim_reload(A "env.A_SECRET = hunter2-new\n");
	wait_ready("a");
	count = line_ring_get(&unit->speaker.ring, lines);
	assert_true(count > 0);
	assert_string_equal(lines[count - 1], "it is ***");
	sim_end();
}

/* ---- what runs ---- */

static void test_nothing_new(void **state)
{
	start_three();
	sim_reload(A B C);
	sim_reload(C A B);
	sim_reload("[nemoinit]\nstop_budget = 1s\n" C B A);
	sim_run(HOUR);
	check_starts(1, 1, 1);
	assert_int_equal(sim.supervisor.config->stop_budget_ms, SECOND);
	assert_non_null(strstr(last_line("\"reload\""), "reload: 3 unchanged"));
	sim_end();
}

static void test_changed(void **state)
{
	start_three();
	sim_main("b")->plan.term_ms = 3 * SECOND;
	sim_reload(A OTHER(B) C);
	assert_int_equal(sim_service("b")->state, SERVICE_STOPPING);
	wait_ready("b");
	check_starts(1, 2, 1);
	assert_int_equal(sim_service("b")->restarts, 0);
	assert_int_equal(sim_service("b")->last_exit.reason, EXIT_REASON_REQUESTED);
	assert_int_equal(sim_unit("b")->config->stop_signal, SIGINT);
	assert_non_null(strstr(last_line("\"reload\""), "reload: 1 changed (b), 2 unchanged"));
	sim_end();
}

/* What runs is stopped in the way it was started with. */
static void test_old_patience(void **state)
{
	uint64_t began_ms;

	start(A "stop_timeout = 10s\n");
	wait_ready("a");
	sim_main("a")->plan.term_ms = NEVER_MS;
	began_ms = fake.now_ms;
	sim_reload(OTHER(A));
	(void)sim_run_until("a", SERVICE_STARTING, MINUTE);
	assert_in_range(fake.now_ms - began_ms, 10 * SECOND, 10 * SECOND + 100);
	sim_end();
}

/* Those that are after others go first, and come back last. */
static void test_order_of_stops(void **state)
{
	start_three();
	sim_main("c")->plan.term_ms = 2 * SECOND;
	sim_main("b")->plan.term_ms = 2 * SECOND;
	sim_reload(OTHER(A) B OTHER(C));
	assert_int_equal(sim_service("c")->state, SERVICE_STOPPING);
	assert_int_equal(sim_service("a")->state, SERVICE_READY);
	sim_run(SECOND);
	assert_int_equal(sim_service("a")->state, SERVICE_READY);
	assert_int_equal(sim_unit("a")->config->stop_signal, SIGTERM);
	(void)sim_run_until("a", SERVICE_STOPPING, 2 * SECOND);
	sim_run(SECOND);
	check_starts(2, 1, 2);
	sim_end();
}

/* One that has been told to go, and comes to its end by itself before. */
static void test_ends_before_its_turn(void **state)
{
	start_three();
	sim_main("c")->plan.term_ms = HOUR;
	sim_main("a")->die_ms = fake.now_ms + SECOND;
	sim_reload(OTHER(A) B OTHER(C));
	sim_run(3 * SECOND);
	check_starts(2, 1, 1);
	assert_int_equal(sim_unit("a")->config->stop_signal, SIGINT);
	assert_int_equal(sim_service("a")->failures, 0);
	sim_end();
}

static void test_added_and_removed(void **state)
{
	start(A B);
	wait_ready("b");
	sim_main("b")->plan.term_ms = SECOND;
	sim_main("b")->plan.members = 1;
	sim_reload(A "[service c]\ncommand = c\nafter = a\n");
	assert_null(supervisor_find(&sim.supervisor, "b"));
	assert_true(is_there("b"));
	assert_non_null(
	    strstr(last_line("\"reload\""), "reload: 1 added (c), 1 removed (b), 1 unchanged"));
	sim_run(5 * SECOND);
	assert_false(is_there("b"));
	assert_int_equal(fake_count_alive(fake_find_service("b")), 0);
	check_starts(1, 1, 1);
	sim_reload(A B);
	wait_ready("b");
	sim_run(SECOND);
	assert_false(is_there("c"));
	sim_end();
}

static void test_all_removed(void **state)
{
	start_three();
	sim_main("c")->plan.term_ms = SECOND;
	sim_reload("");
	assert_int_equal(supervisor_find_any(&sim.supervisor, "b")->service.state, SERVICE_READY);
	sim_run(10 * SECOND);
	assert_int_equal(sim.supervisor.unit_count, 0);
	sim_reload(A B C);
	wait_ready("c");
	sim_end();
}

/* A renamed service waits for its predecessor's port, and takes it for no stranger's. */
static void test_renamed(void **state)
{
	start("[service a]\ncommand = a\nprobe = http://127.0.0.1:80/\n");
	wait_ready("a");
	sim_main("a")->plan.term_ms = 10 * SECOND;
	sim_reload("[service b]\ncommand = b\nprobe = http://127.0.0.1:80/\n");
	sim_run(5 * SECOND);
	assert_int_equal(sim_service("b")->state, SERVICE_WAITING);
	wait_ready("b");
	assert_int_equal(sim_events("b", "foreign-listener"), 0);
	sim_end();
}

static void test_disabled_and_enabled(void **state)
{
	start_three();
	sim_main("b")->plan.term_ms = SECOND;
	sim_reload(A B "enabled = no\n" C);
	(void)sim_run_until("b", SERVICE_DISABLED, 2 * SECOND);
	assert_int_equal(sim_events("b", "stopped"), 1);
	sim_reload(A B C);
	wait_ready("b");
	/* Both while it is on its way down. */
	sim_main("b")->plan.term_ms = SECOND;
	sim_reload(A B "enabled = no\n" C);
	sim_reload(A B C);
	sim_run(10 * SECOND);
	check_starts(1, 3, 1);
	/* What waits for a disabled one may start. */
	assert_int_equal(sim_request(REQUEST_STOP, "c", NEVER_MS), 0);
	sim_main("b")->die_ms = fake.now_ms;
	sim_child("b")->exec_ms = NEVER_MS;
	sim_run(5 * SECOND);
	assert_int_equal(sim_request(REQUEST_START, "c", NEVER_MS), 0);
	assert_int_equal(sim_service("c")->state, SERVICE_WAITING);
	sim_reload(A B "enabled = no\n" C);
	wait_ready("c");
	sim_end();
}

/* ---- what is down ---- */

static void test_blocked_is_started(void **state)
{
	start(A "fatal_retry = 0\n");
	exits_with("a", 500, 78);
	sim_main("a")->die_ms = fake.now_ms;
	sim_main("a")->exit.value = 78;
	(void)sim_run_until("a", SERVICE_BLOCKED, SECOND);
	*sim_child("a") = fake_child_healthy();
	sim_reload(OTHER(A));
	wait_ready("a");
	sim_end();
}

static void test_backoff_is_over(void **state)
{
	start(A "restart_delay = 1h\nrestart_delay_max = 1h\n");
	sim_main("a")->die_ms = fake.now_ms;
	sim_main("a")->exit.value = 1;
	(void)sim_run_until("a", SERVICE_BACKOFF, SECOND);
	sim_reload(A "restart_delay = 1h\nrestart_delay_max = 1h\n" B);
	assert_int_equal(sim_service("a")->state, SERVICE_BACKOFF);
	sim_reload(A B);
	assert_int_equal(sim_service("a")->state, SERVICE_STARTING);
	assert_int_equal(sim_service("a")->failures, 0);
	wait_ready("b");
	sim_end();
}

static void test_finished_is_started(void **state)
{
	start(A "restart = never\n");
	sim_main("a")->die_ms = fake.now_ms;
	(void)sim_run_until("a", SERVICE_FINISHED, SECOND);
	sim_reload(A "restart = never\n" B);
	assert_int_equal(sim_service("a")->state, SERVICE_FINISHED);
	sim_reload(A B);
	wait_ready("b");
	assert_int_equal(starts("a"), 2);
	sim_end();
}

static void test_stopped_stays(void **state)
{
	start_three();
	assert_int_equal(sim_request(REQUEST_STOP, "b", NEVER_MS), 0);
	sim_run(SECOND);
	sim_reload(A OTHER(B) C);
	sim_run(HOUR);
	assert_int_equal(sim_service("b")->state, SERVICE_STOPPED);
	/* Not even when it is still on its way down. */
	assert_int_equal(sim_request(REQUEST_START, "b", NEVER_MS), 0);
	wait_ready("b");
	sim_main("b")->plan.term_ms = SECOND;
	assert_int_equal(sim_request(REQUEST_STOP, "b", NEVER_MS), 0);
	sim_reload(A B C);
	sim_run(HOUR);
	assert_int_equal(sim_service("b")->state, SERVICE_STOPPED);
	sim_end();
}

/* It waits for one that is no more. */
static void test_waiting_for_a_removed_one(void **state)
{
	start(A "probe = notify\n" B);
	sim_main("a")->plan.serve_ms = NEVER_MS;
	sim_run(SECOND);
	assert_int_equal(sim_service("b")->state, SERVICE_WAITING);
	sim_main("a")->plan.term_ms = HOUR;
	sim_reload("[service b]\ncommand = b\n");
	wait_ready("b");
	sim_end();
}

/* ---- one upon the other ---- */

static void test_back_before_it_is_down(void **state)
{
	start_three();
	sim_main("b")->plan.term_ms = 3 * SECOND;
	sim_reload(A "[service c]\ncommand = c\nafter = a\n");
	sim_run(SECOND);
	sim_reload(A B C);
	wait_ready("b");
	assert_int_equal(starts("b"), 2);
	assert_int_equal(sim_service("b")->starts, 2); /* the same unit */
	assert_int_equal(sim.supervisor.leaving_count, 0);
	sim_end();
}

/* The change is taken back before it was this service's turn: nothing happens to it. */
static void test_taken_back_in_time(void **state)
{
	start_three();
	sim_main("c")->plan.term_ms = 3 * SECOND;
	sim_reload(OTHER(A) B);
	assert_int_equal(sim_service("a")->state, SERVICE_READY);
	sim_reload(A B);
	sim_run(HOUR);
	check_starts(1, 1, 1);
	/* Likewise a removal. */
	sim_reload(A B C);
	wait_ready("c");
	sim_main("c")->plan.term_ms = 3 * SECOND;
	sim_reload("");
	sim_reload(A B);
	sim_run(HOUR);
	check_starts(1, 1, 2);
	sim_end();
}

static void test_last_one_wins(void **state)
{
	start(A);
	wait_ready("a");
	sim_main("a")->plan.term_ms = SECOND;
	sim_reload(OTHER(A));
	sim_reload(A "stop_signal = HUP\n");
	sim_reload(A "stop_signal = QUIT\n");
	wait_ready("a");
	sim_run(HOUR);
	assert_int_equal(starts("a"), 2);
	assert_int_equal(sim_unit("a")->config->stop_signal, SIGQUIT);
	sim_end();
}

static void test_unkillable_holds_up_nobody(void **state)
{
	start_three();
	sim_main("c")->plan.kill_ms = sim_main("c")->plan.term_ms = NEVER_MS;
	sim_reload(OTHER(A) B);
	(void)sim_run_until("a", SERVICE_STOPPING, MINUTE);
	wait_ready("a");
	assert_true(is_there("c"));
	assert_int_equal(sim.supervisor.leaving_count, 1);
	sim_end();
}

static void test_shutdown_while_reloading(void **state)
{
	start_three();
	sim_main("c")->plan.term_ms = SECOND;
	sim_reload(OTHER(A) "[service d]\ncommand = d\nafter = a\n");
	supervisor_stop(&sim.supervisor, "test", fake.now_ms);
	sim_wake();
	assert_in_range(sim_run_down(8 * SECOND), 1, 2 * SECOND);
	for (size_t i = 0; i < fake.service_count; i++)
		assert_int_equal(fake_count_alive(i), 0);
	sim_end();
}

/* ---- requests under way ---- */

static void check_request_for_a_removed_one(enum request_op op, const char *answer)
{
	start(A B);
	wait_ready("b");
	sim_main("b")->plan.term_ms = SECOND;
	if (op == REQUEST_START || op == REQUEST_RECOVER) {
		sim_main("b")->die_ms = fake.now_ms;
		sim_child("b")->exec_ms = NEVER_MS;
		sim_run(SECOND);
	}
	assert_int_equal(sim_request(op, "b", NEVER_MS), 0);
	sim_reload(A);
	sim_run(5 * SECOND);
	assert_false(is_there("b"));
	assert_non_null(sim.reply);
	assert_non_null(strstr(sim.reply, answer));
	assert_int_equal(sim_request(op, "b", NEVER_MS), -ENOENT);
	sim_end();
}

static void test_requests_for_a_removed_one(void **state)
{
	check_request_for_a_removed_one(REQUEST_RESTART, "not configured any more");
	check_request_for_a_removed_one(REQUEST_START, "not configured any more");
	check_request_for_a_removed_one(REQUEST_RECOVER, "not configured any more");
	check_request_for_a_removed_one(REQUEST_STOP, "\"ok\":true");
}

/* Answered long after the service has gone. */
static void test_answer_after_it_has_gone(void **state)
{
	start(A B);
	wait_ready("b");
	sim_main("a")->plan.term_ms = 10 * SECOND;
	assert_int_equal(sim_request(REQUEST_RESTART, "", NEVER_MS), 0);
	sim_reload(A);
	sim_run(5 * SECOND);
	assert_false(is_there("b"));
	assert_null(sim.reply);
	sim_run(10 * SECOND);
	assert_non_null(strstr(sim.reply, "\"name\":\"b\",\"result\":\"failed\""));
	assert_non_null(strstr(sim.reply, "\"name\":\"a\",\"result\":\"started\""));
	sim_end();
}

/* The levels are others half way down. */
static void test_restart_of_all_meets_a_reload(void **state)
{
	start_three();
	sim_main("c")->plan.term_ms = SECOND;
	sim_main("a")->plan.term_ms = 2 * SECOND;
	assert_int_equal(sim_request(REQUEST_RESTART, "", NEVER_MS), 0);
	sim_reload("[service c]\ncommand = c\n" A "after = c\n"
		   "[service b]\ncommand = b\n[service d]\ncommand = d\nafter = a\n");
	sim_run(HOUR);
	assert_int_equal(starts("a"), 2);
	assert_int_equal(starts("c"), 2);
	assert_int_equal(sim_service("b")->state, SERVICE_READY);
	assert_int_equal(sim_service("d")->state, SERVICE_READY);
	assert_non_null(strstr(sim.reply, "\"ok\":true"));
	sim_end();
}

static void test_stop_of_all_meets_a_reload(void **state)
{
	start_three();
	sim_main("c")->plan.term_ms = SECOND;
	assert_int_equal(sim_request(REQUEST_STOP, "", NEVER_MS), 0);
	sim_reload(C A B "[service d]\ncommand = d\nafter = c\n");
	sim_run(10 * SECOND);
	assert_non_null(strstr(sim.reply, "\"ok\":true"));
	assert_int_equal(sim_service("a")->state, SERVICE_STOPPED);
	assert_int_equal(sim_service("d")->state, SERVICE_STOPPED);
	sim_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_a_survivor_says_has_the_old_secrets),
		cmocka_unit_test(test_nothing_new),
		cmocka_unit_test(test_changed),
		cmocka_unit_test(test_old_patience),
		cmocka_unit_test(test_order_of_stops),
		cmocka_unit_test(test_ends_before_its_turn),
		cmocka_unit_test(test_added_and_removed),
		cmocka_unit_test(test_all_removed),
		cmocka_unit_test(test_renamed),
		cmocka_unit_test(test_disabled_and_enabled),
		cmocka_unit_test(test_blocked_is_started),
		cmocka_unit_test(test_backoff_is_over),
		cmocka_unit_test(test_finished_is_started),
		cmocka_unit_test(test_stopped_stays),
		cmocka_unit_test(test_waiting_for_a_removed_one),
		cmocka_unit_test(test_back_before_it_is_down),
		cmocka_unit_test(test_taken_back_in_time),
		cmocka_unit_test(test_last_one_wins),
		cmocka_unit_test(test_unkillable_holds_up_nobody),
		cmocka_unit_test(test_shutdown_while_reloading),
		cmocka_unit_test(test_requests_for_a_removed_one),
		cmocka_unit_test(test_answer_after_it_has_gone),
		cmocka_unit_test(test_restart_of_all_meets_a_reload),
		cmocka_unit_test(test_stop_of_all_meets_a_reload),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
