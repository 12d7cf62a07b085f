/* The tree of a service: who belongs to it, who takes over, and its end (spec 30). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "sim.h"

enum {
	SECOND = 1000,
	MINUTE = 60 * SECOND,
	HOUR = 60 * MINUTE,
	START_MS = 1000000,
};

static const char web_ini[] =
    "[service web]\ncommand = web\nprobe = http://127.0.0.1:8080/\n"
    "[service friend]\ncommand = friend\nafter = web\nrestart_with = web\n";

static void start_web(unsigned members)
{
	sim_start(web_ini, START_MS, 1);
	(void)sim_run_until("web", SERVICE_READY, MINUTE);
	if (!members)
		return;
	sim_child("web")->members = members;
	sim_child("web")->has_sessions = true;
	unit_handle(sim_unit("web"), SERVICE_EV_RESTART, fake.now_ms);
	sim_wake();
	(void)sim_run_until("web", SERVICE_READY, MINUTE);
	sim_child("web")->members = 0;
}

static void end_main(const char *name, int code)
{
	sim_main(name)->die_ms = fake.now_ms;
	sim_main(name)->exit = (struct exit_info){ .value = code };
}

static void test_members_that_left_the_session(void **state)
{
	start_web(5);
	assert_int_equal(fake_count_alive(0), 6);
	unit_handle(sim_unit("web"), SERVICE_EV_RESTART, fake.now_ms);
	sim_wake();
	/* The fake world faults if something of the old start lives when the new one begins. */
	(void)sim_run_until("web", SERVICE_READY, MINUTE);
	assert_int_equal(fake_count_alive(0), 1);
	assert_int_equal(sim_events("web", "killed"), 0);
	sim_end();
}

static void test_members_that_ignore_term(void **state)
{
	sim_start(web_ini, START_MS, 1);
	sim_child("web")->members = 3;
	sim_child("web")->has_sessions = true;
	sim_child("web")->member_term_ms = NEVER_MS;
	end_main("web", 1);
	(void)sim_run_until("web", SERVICE_READY, MINUTE);
	sim_child("web")->members = 0;
	end_main("web", 1);
	assert_in_range(sim_run_until("web", SERVICE_STARTING, MINUTE), SERVICE_TREE_GRACE_MS,
	    SERVICE_TREE_GRACE_MS + 2 * SECOND);
	assert_int_equal(sim_events("web", "killed"), 1);
	sim_end();
}

static void test_adoption(void **state)
{
	uint64_t friends;
	pid_t old, heir;

	start_web(2);
	(void)sim_run(MINUTE);
	friends = sim_service("friend")->starts;
	sim_main("web")->plan.has_heir = true;
	old = sim_unit("web")->pid;
	heir = fake_member(0)->pid;
	end_main("web", 0);
	sim_run(0);
	sim_step(fake.now_ms + SECOND);
	assert_int_equal(sim_service("web")->state, SERVICE_STARTING);
	assert_int_equal(sim_unit("web")->pid, heir);
	assert_int_equal(sim_unit("web")->exit_pid, old);
	assert_int_equal(sim_events("web", "adopted"), 1);
	assert_int_equal(sim_service("web")->restarts, 1);
	assert_int_equal(sim_service("web")->last_exit.reason, EXIT_REASON_CLEAN);
	(void)sim_run_until("web", SERVICE_READY, MINUTE);
	assert_int_equal(sim_events("web", "starting"), 2);
	assert_int_equal(fake.services[0].starts, 2);
	/* The rest of the tree goes on beside it. */
	assert_int_equal(fake_count_alive(0), 2);
	(void)sim_run(MINUTE);
	assert_int_equal(sim_service("friend")->starts, friends + 1);
	/* Its exit is one like any other, and all of the tree ends. */
	end_main("web", 1);
	sim_step(fake.now_ms + SECOND);
	(void)sim_run_until("web", SERVICE_READY, MINUTE);
	assert_int_equal(fake_count_alive(0), 1);
	assert_int_equal(sim_service("web")->restarts, 2);
	sim_end();
}

static void test_adopted_while_starting(void **state)
{
	start_web(1);
	sim_main("web")->plan.has_heir = true;
	fake_member(0)->plan.hang_ms = 0;
	end_main("web", 0);
	sim_step(fake.now_ms + SECOND);
	sim_main("web")->plan.hang_ms = 0; /* it holds the port and answers nothing */
	assert_in_range(sim_run_until("web", SERVICE_STOPPING, HOUR), 595 * SECOND, 600 * SECOND);
	assert_int_equal(sim_service("web")->cause, SERVICE_CAUSE_START_TIMEOUT);
	(void)sim_run_until("web", SERVICE_READY, MINUTE);
	sim_end();
}

static void test_nobody_holds_the_port(void **state)
{
	start_web(2);
	end_main("web", 0);
	sim_step(fake.now_ms + SECOND);
	assert_int_equal(sim_service("web")->state, SERVICE_STOPPING);
	(void)sim_run_until("web", SERVICE_READY, MINUTE);
	assert_int_equal(sim_events("web", "adopted"), 0);
	assert_int_equal(fake_count_alive(0), 1);
	sim_end();
}

static void test_no_adoption_when_stopped(void **state)
{
	start_web(2);
	sim_main("web")->plan.has_heir = true;
	unit_stop(sim_unit("web"), 0, fake.now_ms);
	sim_wake();
	(void)sim_run_until("web", SERVICE_STOPPED, MINUTE);
	assert_int_equal(sim_events("web", "adopted"), 0);
	assert_int_equal(fake_count_alive(0), 0);
	sim_end();
}

static void test_no_adoption_in_a_shutdown(void **state)
{
	start_web(2);
	sim_main("web")->plan.has_heir = true;
	sim_main("friend")->plan.term_ms = 3 * SECOND;
	supervisor_stop(&sim.supervisor, "SIGTERM", fake.now_ms);
	end_main("web", 0);
	(void)sim_run_down(20 * SECOND);
	assert_int_equal(sim_events("web", "adopted"), 0);
	assert_int_equal(fake_count_alive(0), 0);
	sim_end();
}

static void test_main_pid(void **state)
{
	struct fake_process *first, *second;
	char message[32];
	pid_t pid;

	sim_start("[service job]\ncommand = job\nprobe = notify\n", START_MS, 1);
	sim_child("job")->members = 1;
	sim_child("job")->has_sessions = true;
	end_main("job", 1);
	(void)sim_run_until("job", SERVICE_READY, MINUTE);
	first = sim_main("job");
	second = fake_member(0);
	/* Somebody else's, and no process at all. */
	fake_send(first, "MAINPID=1");
	fake_send(first, "MAINPID=nonsense");
	sim_run(10);
	assert_int_equal(sim_events("job", "warning"), 2);
	assert_int_equal(sim_unit("job")->pid, first->pid);
	/* Not our child yet: it is the main process when the first has ended. */
	pid = second->pid;
	second->is_ready = second->has_executed = true;
	snprintf(message, sizeof(message), "MAINPID=%d", (int)pid);
	fake_send(first, message);
	sim_run(10);
	assert_int_equal(sim_unit("job")->pid, first->pid);
	end_main("job", 0);
	sim_run(10);
	assert_int_equal(sim_unit("job")->pid, pid);
	assert_int_equal(sim_service("job")->state, SERVICE_READY);
	assert_int_equal(sim_service("job")->restarts, 1);
	assert_int_equal(sim_events("job", "main-pid"), 1);
	/* And ends like one. */
	sim_child("job")->members = 0;
	end_main("job", 1);
	(void)sim_run_until("job", SERVICE_STARTING, MINUTE);
	assert_int_equal(sim_service("job")->restarts, 2);
	sim_end();
}

/* The word of the heir is read when its parent is reaped, and by then the heir is our child. */
static void test_main_pid_of_last_words(void **state)
{
	char message[32];
	pid_t pid;

	sim_start("[service job]\ncommand = job\nprobe = notify\n", START_MS, 1);
	sim_child("job")->members = 1;
	sim_child("job")->has_sessions = true;
	end_main("job", 1);
	(void)sim_run_until("job", SERVICE_READY, MINUTE);
	pid = fake_member(0)->pid;
	fake_member(0)->is_ready = fake_member(0)->has_executed = true;
	snprintf(message, sizeof(message), "MAINPID=%d", (int)pid);
	fake_send(sim_main("job"), "STATUS=going");
	fake_send(sim_main("job"), message);
	end_main("job", 0);
	sim_run(10);
	assert_int_equal(sim_unit("job")->pid, pid);
	assert_int_equal(sim_service("job")->state, SERVICE_READY);
	assert_int_equal(sim_service("job")->restarts, 1);
	assert_int_equal(sim_events("job", "main-pid"), 1);
	sim_end();
}

/* It would get no stop signal, and be waited for until stop_timeout. */
static void test_no_main_pid_while_stopping(void **state)
{
	struct fake_process *first, *second;
	char message[32];

	sim_start(
	    "[service job]\ncommand = job\nprobe = notify\nstop_timeout = 60s\n", START_MS, 1);
	sim_child("job")->members = 1;
	sim_child("job")->has_sessions = true;
	sim_child("job")->term_ms = 2 * SECOND;
	end_main("job", 1);
	(void)sim_run_until("job", SERVICE_READY, MINUTE);
	first = sim_main("job");
	second = fake_member(0);
	second->is_child = true;
	unit_stop(sim_unit("job"), 0, fake.now_ms);
	sim_wake();
	snprintf(message, sizeof(message), "MAINPID=%d", (int)second->pid);
	fake_send(first, message);
	sim_run(10);
	assert_int_equal(sim_service("job")->state, SERVICE_STOPPING);
	assert_int_equal(sim_unit("job")->pid, first->pid);
	(void)sim_run_until("job", SERVICE_STOPPED, 10 * SECOND);
	assert_int_equal(sim_events("job", "main-pid"), 0);
	assert_int_equal(sim_events("job", "killed"), 0);
	assert_int_equal(fake_count_alive(0), 0);
	sim_end();
}

static void test_an_orphan_is_shown_and_left_alone(void **state)
{
	struct fake_process *orphan;
	pid_t pid;

	start_web(0);
	orphan = fake_orphan();
	pid = orphan->pid;
	for (unsigned i = 0; i < 3; i++) {
		unit_handle(sim_unit("web"), SERVICE_EV_RESTART, fake.now_ms);
		sim_wake();
		(void)sim_run_until("web", SERVICE_READY, MINUTE);
	}
	assert_int_equal(orphan->pid, pid);
	assert_false(orphan->is_zombie);
	assert_int_equal(sim.supervisor.forest.orphans[0].pid, pid);
	assert_non_null(strstr(sim.supervisor.forest.orphans[0].text, "process "));
	assert_int_equal(sim.supervisor.forest.orphans[1].pid, 0);
	/* Gone, it is no matter any more. */
	orphan->die_ms = fake.now_ms;
	sim_run(10);
	assert_int_equal(sim.supervisor.forest.orphans[0].pid, 0);
	sim_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_members_that_left_the_session),
		cmocka_unit_test(test_members_that_ignore_term),
		cmocka_unit_test(test_adoption),
		cmocka_unit_test(test_adopted_while_starting),
		cmocka_unit_test(test_nobody_holds_the_port),
		cmocka_unit_test(test_no_adoption_when_stopped),
		cmocka_unit_test(test_no_adoption_in_a_shutdown),
		cmocka_unit_test(test_main_pid),
		cmocka_unit_test(test_main_pid_of_last_words),
		cmocka_unit_test(test_no_main_pid_while_stopping),
		cmocka_unit_test(test_an_orphan_is_shown_and_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
