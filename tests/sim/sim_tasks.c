/* Tasks and repairs: what runs before a start, beside it and after a fatal exit, in virtual time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/tasks.h"
#include "sim.h"

enum {
	SECOND = 1000,
	MINUTE = 60 * SECOND,
	START_MS = 1000000,
};

#define WEB  "[service web]\ncommand = web\n"
#define MORE "[service more]\ncommand = more\nafter = web\n[service other]\ncommand = other\n"

static void start(const char *ini)
{
	sim_start(ini, START_MS, 1);
}

static enum service_state state_of(const char *name)
{
	return sim_service(name)->state;
}

static void expect_state(const char *name, enum service_state wanted)
{
	if (state_of(name) != wanted)
		sim_fail("%s is %s, wanted %s", name, service_state_to_string(state_of(name)),
		    service_state_to_string(wanted));
}

static void crash(const char *name, int code)
{
	struct fake_process *process = sim_main(name);

	assert_non_null(process);
	process->die_ms = fake.now_ms;
	process->exit = (struct exit_info){ .value = code };
}

static void end_all(uint64_t limit_ms)
{
	supervisor_stop(&sim.supervisor, "SIGTERM", fake.now_ms);
	sim_wake();
	(void)sim_run_down(limit_ms);
	for (size_t i = 0; i < fake.task_count; i++)
		assert_int_equal(fake.tasks[i].running, 0);
	sim_end();
}

/* ---- boot ---- */

static void boot_tasks_come_before_their_services(void **state)
{
	start("[task t1]\ncommand = first\nof = web\n[task t2]\ncommand = second\nof = web\n" WEB
		MORE);
	expect_state("other", SERVICE_STARTING);
	expect_state("web", SERVICE_WAITING);
	assert_string_equal(tasks_holding(sim.supervisor.tasks, sim_unit("web"), true), "t1");
	assert_int_equal(fake_task("first")->running, 1);
	assert_int_equal(fake_task("second")->starts, 0);
	sim_run(1500);
	assert_int_equal(fake_task("second")->running, 1);
	assert_string_equal(fake_task("second")->told, "");
	expect_state("web", SERVICE_WAITING);
	assert_in_range(sim_run_until("more", SERVICE_READY, MINUTE), 500, 1000);
	/* Once, whatever is started again. */
	crash("web", 1);
	assert_int_equal(sim_request(REQUEST_RESTART, "", NEVER_MS), 0);
	sim_run(MINUTE);
	assert_int_equal(fake_task("first")->starts, 1);
	assert_int_equal(fake_task("second")->starts, 1);
	end_all(10 * SECOND);
}

static void a_failed_boot_task_blocks_until_it_is_run_again(void **state)
{
	start("[task t]\ncommand = setup\nof = web more\n" WEB MORE);
	fake_task("setup")->code = 3;
	(void)sim_run_until("web", SERVICE_BLOCKED, MINUTE);
	expect_state("more", SERVICE_BLOCKED);
	expect_state("other", SERVICE_READY);
	assert_int_equal(sim_service("web")->blocked, BLOCKED_TASK_FAILED);
	assert_string_equal(sim_unit("web")->task, "t");
	assert_string_equal(
	    sim_unit("web")->task_failure, "task t failed: exited with 3 after 1.0s");
	assert_string_equal(sim_unit("web")->task_message, "a line\nand the last");
	sim_run(60 * MINUTE);
	assert_int_equal(fake_task("setup")->starts, 1);
	/* Once for both, and again they are told how it went. */
	fake_task("setup")->code = 4;
	assert_int_equal(sim_request(REQUEST_RECOVER, "", NEVER_MS), 0);
	expect_state("web", SERVICE_WAITING);
	sim_run(2 * SECOND);
	assert_int_equal(fake_task("setup")->starts, 2);
	assert_non_null(sim.reply);
	assert_non_null(strstr(sim.reply,
	    "{\"name\":\"more\",\"result\":\"blocked\",\"old_pid\":null,\"pid\":null,"
	    "\"message\":\"task t failed: exited with 4 after 1.0s\"}"));
	expect_state("more", SERVICE_BLOCKED);
	/* To ask for one is enough: nothing else kept the other down. */
	fake_task("setup")->code = 0;
	assert_int_equal(sim_request(REQUEST_RECOVER, "more", NEVER_MS), 0);
	(void)sim_run_until("more", SERVICE_READY, 10 * SECOND);
	expect_state("web", SERVICE_READY);
	assert_non_null(strstr(sim.reply, "\"result\":\"started\""));
	assert_int_equal(fake_task("setup")->starts, 3);
	assert_int_equal(sim_service("web")->restarts, 0);
	end_all(10 * SECOND);
}

static void a_boot_task_that_may_fail_holds_nobody_up(void **state)
{
	start("[task t]\ncommand = setup\non_failure = continue\n" WEB);
	fake_task("setup")->code = 1;
	assert_in_range(sim_run_until("web", SERVICE_READY, MINUTE), 1000, 2000);
	end_all(10 * SECOND);
}

static void nothing_to_run_blocks_too(void **state)
{
	start("[task t]\ncommand = setup\nwhen = start\n" WEB);
	(void)sim_run_until("web", SERVICE_READY, MINUTE);
	fake.job_error = EAGAIN;
	crash("web", 0);
	(void)sim_run_until("web", SERVICE_BLOCKED, MINUTE);
	assert_non_null(strstr(sim_unit("web")->task_message, "fork: Resource"));
	fake.job_error = 0;
	assert_int_equal(sim_request(REQUEST_START, "web", NEVER_MS), 0);
	(void)sim_run_until("web", SERVICE_READY, MINUTE);
	end_all(10 * SECOND);
}

static void a_hung_task_is_ended_at_its_limit(void **state)
{
	uint64_t took_ms;

	start("[task t]\ncommand = setup\nwhen = start\ntimeout = 5s\n" WEB);
	(void)sim_run_until("web", SERVICE_READY, MINUTE);
	fake_task("setup")->end_ms = fake_task("setup")->term_ms = NEVER_MS;
	crash("web", 0);
	(void)sim_run_until("web", SERVICE_WAITING, SECOND);
	took_ms = sim_run_until("web", SERVICE_BLOCKED, MINUTE);
	assert_in_range(took_ms, 5 * SECOND + 500, 5 * SECOND + 600);
	assert_string_equal(sim_unit("web")->task_failure, "task t failed: not over within 5.0s");
	end_all(10 * SECOND);
}

/* ---- start ---- */

static void start_tasks_run_before_each_start(void **state)
{
	start("[task s1]\ncommand = drift\nwhen = start\nof = more web\n"
	      "[task s2]\ncommand = check\nwhen = start\nof = more\n" WEB MORE);
	expect_state("other", SERVICE_STARTING);
	assert_int_equal(fake_task("drift")->starts, 1);
	(void)sim_run_until("web", SERVICE_READY, MINUTE);
	/* Not for what still waits for another service; then one after the other. */
	assert_int_equal(fake_task("drift")->starts, 2);
	assert_int_equal(fake_task("check")->starts, 0);
	(void)sim_run_until("more", SERVICE_READY, MINUTE);
	assert_int_equal(fake_task("drift")->starts, 2);
	assert_int_equal(fake_task("check")->starts, 1);
	/* A restart by itself, and one that was asked for. */
	crash("more", 1);
	(void)sim_run_until("more", SERVICE_WAITING, MINUTE);
	(void)sim_run_until("more", SERVICE_READY, MINUTE);
	assert_int_equal(fake_task("check")->starts, 2);
	assert_int_equal(sim_request(REQUEST_RESTART, "more", NEVER_MS), 0);
	(void)sim_run_until("more", SERVICE_WAITING, MINUTE);
	(void)sim_run_until("more", SERVICE_READY, MINUTE);
	assert_int_equal(fake_task("drift")->starts, 4);
	assert_int_equal(fake_task("check")->starts, 3);
	end_all(10 * SECOND);
}

static void a_failed_start_task_blocks_the_one_that_starts(void **state)
{
	start("[task s]\ncommand = drift\nwhen = start\n" WEB MORE);
	(void)sim_run_until("more", SERVICE_READY, MINUTE);
	fake_task("drift")->code = 1;
	crash("other", 0);
	(void)sim_run_until("other", SERVICE_BLOCKED, MINUTE);
	expect_state("web", SERVICE_READY);
	assert_string_equal(sim_unit("other")->task, "s");
	for (int i = 0; i < 2; i++) {
		assert_int_equal(sim_request(REQUEST_RECOVER, "", NEVER_MS), 0);
		sim_run(5 * SECOND);
		expect_state("other", i ? SERVICE_READY : SERVICE_BLOCKED);
		fake_task("drift")->code = 0;
	}
	assert_int_equal(fake_task("drift")->starts, 6);
	end_all(10 * SECOND);
}

static void a_stop_cancels_what_runs_before_the_start(void **state)
{
	start("[task s]\ncommand = drift\nwhen = start\n" WEB);
	sim_run(100);
	assert_int_equal(fake_task("drift")->running, 1);
	assert_int_equal(sim_request(REQUEST_STOP, "web", NEVER_MS), 0);
	sim_run(100);
	assert_int_equal(fake_task("drift")->running, 0);
	expect_state("web", SERVICE_STOPPED);
	assert_int_equal(sim_events("web", "task-failed"), 0);
	sim_run(MINUTE);
	assert_int_equal(fake_task("drift")->starts, 1);
	assert_int_equal(sim_request(REQUEST_START, "web", NEVER_MS), 0);
	(void)sim_run_until("web", SERVICE_READY, MINUTE);
	assert_int_equal(fake_task("drift")->starts, 2);
	end_all(10 * SECOND);
}

/* While a stranger has the port nothing starts, so nothing has to run before it either. */
static void a_stranger_on_the_port_costs_one_run(void **state)
{
	start("[task s]\ncommand = drift\nwhen = start\n"
	      "[service web]\ncommand = web\nprobe = http://127.0.0.1:8080/\n");
	fake.services[0].stranger_ms = fake.now_ms;
	fake.services[0].stranger_end_ms = fake.now_ms + MINUTE;
	(void)sim_run_until("web", SERVICE_BACKOFF, MINUTE);
	(void)sim_run_until("web", SERVICE_READY, 2 * MINUTE);
	assert_int_equal(fake_task("drift")->starts, 1);
	crash("web", 0);
	(void)sim_run_until("web", SERVICE_STARTING, MINUTE);
	assert_int_equal(fake_task("drift")->starts, 2);
	end_all(10 * SECOND);
}

/* ---- ready, trouble ---- */

static void events_are_told_beside(void **state)
{
	start("[task r]\ncommand = greet\nwhen = ready\nof = web\n"
	      "[task t]\ncommand = alarm\nwhen = trouble\n"
	      "[service web]\ncommand = web\ncrash_limit = 2/10m\ncrash_action = block\n" MORE);
	(void)sim_run_until("web", SERVICE_READY, MINUTE);
	assert_int_equal(fake_task("greet")->running, 1);
	assert_string_equal(fake_task("greet")->told, "ready web ");
	fake_task("greet")->code = 1; /* which is nobody's trouble */
	sim_run(5 * SECOND);
	assert_int_equal(fake_task("alarm")->starts, 0);
	assert_int_equal(sim_events("web", "task-failed"), 1);
	for (int i = 0; i < 3; i++) {
		(void)sim_run_until("web", SERVICE_READY, MINUTE);
		crash("web", 1);
		sim_run(2 * SECOND);
	}
	assert_int_equal(fake_task("greet")->starts, 3);
	expect_state("web", SERVICE_BLOCKED);
	sim_run(5 * SECOND);
	assert_int_equal(fake_task("alarm")->starts, 2);
	assert_string_equal(fake_task("alarm")->told, "crash-loop web ");
	end_all(10 * SECOND);
}

static void staying_blocked_is_told_once(void **state)
{
	start("[task t]\ncommand = alarm\nwhen = trouble\n"
	      "[service web]\ncommand = web\nprobe = notify\nfatal_retry = 1m\n");
	(void)sim_run_until("web", SERVICE_READY, MINUTE);
	for (int i = 0; i < 2; i++) {
		*sim_child("web") = fake_child_healthy();
		sim_child("web")->serve_ms = NEVER_MS;
		sim_child("web")->exit_ms = 0;
		sim_child("web")->exit.value = 78;
		crash("web", 78);
		sim_run(10 * MINUTE);
		assert_int_equal(fake_task("alarm")->starts, i + 1);
		assert_string_equal(fake_task("alarm")->told, "blocked web ");
		*sim_child("web") = fake_child_healthy();
		(void)sim_run_until("web", SERVICE_READY, 2 * MINUTE);
	}
	end_all(10 * SECOND);
}

/* Nobody could look: it has its time from there on again. */
static void a_task_is_not_hung_while_we_stand_still(void **state)
{
	start("[task t]\ncommand = setup\nwhen = start\ntimeout = 10s\n" WEB);
	(void)sim_run_until("web", SERVICE_READY, MINUTE);
	fake_task("setup")->end_ms = fake_task("setup")->term_ms = NEVER_MS;
	crash("web", 0);
	(void)sim_run_until("web", SERVICE_WAITING, SECOND);
	sim_freeze(MINUTE);
	assert_in_range(
	    sim_run_until("web", SERVICE_BLOCKED, 2 * MINUTE), 71 * SECOND, 72 * SECOND);
	end_all(10 * SECOND);
}

/* ---- repair ---- */

#define REPAIRED_WEB \
	"[service web]\ncommand = web\nprobe = notify\nrepair = doctor --fix\nrepair_timeout = " \
	"20s\n"

static void a_repair_runs_once_before_the_retry(void **state)
{
	start("[task s]\ncommand = drift\nwhen = start\n" REPAIRED_WEB);
	(void)sim_run_until("web", SERVICE_READY, MINUTE);
	assert_int_equal(fake_task("drift")->starts, 1);
	crash("web", 78);
	(void)sim_run_until("web", SERVICE_WAITING, SECOND);
	assert_int_equal(fake_task("doctor")->running, 1);
	assert_int_equal(fake_task("drift")->starts, 1);
	(void)sim_run_until("web", SERVICE_READY, MINUTE);
	assert_int_equal(fake_task("doctor")->starts, 1);
	assert_int_equal(fake_task("drift")->starts, 2);
	assert_int_equal(sim_events("web", "repair"), 1);
	assert_int_equal(sim_events("web", "blocked"), 0);
	end_all(10 * SECOND);
}

static void a_repair_that_does_not_help_blocks(void **state)
{
	start(REPAIRED_WEB);
	(void)sim_run_until("web", SERVICE_READY, MINUTE);
	sim_child("web")->serve_ms = NEVER_MS;
	sim_child("web")->exit_ms = 1;
	sim_child("web")->exit.value = 78;
	fake_task("doctor")->end_ms = fake_task("doctor")->term_ms = NEVER_MS;
	crash("web", 78);
	assert_in_range(sim_run_until("web", SERVICE_BLOCKED, MINUTE), 20 * SECOND, 21 * SECOND);
	assert_int_equal(sim_service("web")->blocked, BLOCKED_CONFIG);
	sim_run(60 * MINUTE);
	assert_int_equal(fake_task("doctor")->starts, 1);
	/* Once until it has been ready again. */
	*sim_child("web") = fake_child_healthy();
	(void)sim_run_until("web", SERVICE_READY, 6 * MINUTE);
	crash("web", 78);
	sim_run(SECOND);
	assert_int_equal(fake_task("doctor")->starts, 2);
	end_all(10 * SECOND);
}

static void a_stop_cancels_the_repair(void **state)
{
	start(REPAIRED_WEB);
	(void)sim_run_until("web", SERVICE_READY, MINUTE);
	fake_task("doctor")->end_ms = fake_task("doctor")->term_ms = NEVER_MS;
	crash("web", 78);
	(void)sim_run_until("web", SERVICE_WAITING, SECOND);
	assert_int_equal(sim_request(REQUEST_STOP, "web", NEVER_MS), 0);
	expect_state("web", SERVICE_STOPPED);
	sim_run(100);
	/* Not down, and not up again, before that is over. */
	assert_null(sim.reply);
	unit_handle(sim_unit("web"), SERVICE_EV_START, fake.now_ms);
	sim_wake();
	expect_state("web", SERVICE_WAITING);
	assert_int_equal(fake_task("doctor")->running, 1);
	(void)sim_run_until("web", SERVICE_READY, 3 * SECOND);
	assert_int_equal(fake_task("doctor")->running, 0);
	assert_int_equal(sim_events("web", "repair"), 0);
	end_all(10 * SECOND);
}

static void a_shutdown_repairs_nothing(void **state)
{
	start(REPAIRED_WEB "[service last]\ncommand = last\nafter = web\n");
	(void)sim_run_until("last", SERVICE_READY, MINUTE);
	sim_main("last")->plan.term_ms = 2 * SECOND;
	supervisor_stop(&sim.supervisor, "SIGTERM", fake.now_ms);
	sim_wake();
	crash("web", 78);
	sim_run(SECOND);
	assert_int_equal(fake_task("doctor")->starts, 0);
	(void)sim_run_down(3 * SECOND);
	sim_end();
}

/* ---- reload ---- */

static void a_reload_leaves_what_runs(void **state)
{
	static const char tasks[] = "[task t]\ncommand = setup\nof = web\n"
				    "[task r]\ncommand = greet\nwhen = ready\n"
				    "[task s]\ncommand = drift\nwhen = start\nof = web\n";
	char first[512], second[512];

	snprintf(first, sizeof(first), "%s" WEB MORE, tasks);
	snprintf(second, sizeof(second),
	    "[service other]\ncommand = other\n[task n]\ncommand = new\n%s" WEB
	    "[task gone]\ncommand = gone\nof = other\n",
	    tasks);
	start(first);
	fake_task("greet")->end_ms = 10 * SECOND;
	(void)sim_run_until("other", SERVICE_READY, SECOND);
	assert_int_equal(fake_task("setup")->running, 1);
	sim_reload(second);
	/* New boot tasks run too, when it is their turn. */
	assert_int_equal(fake_task("new")->starts, 0);
	expect_state("web", SERVICE_WAITING);
	(void)sim_run_until("web", SERVICE_READY, 10 * SECOND);
	assert_int_equal(fake_task("setup")->starts, 1);
	assert_int_equal(fake_task("new")->starts, 1);
	assert_int_equal(fake_task("gone")->starts, 1);
	assert_int_equal(fake_task("drift")->starts, 1);
	/* What was told of before, and waits for its turn, keeps its service. */
	sim_reload(first);
	assert_int_equal(fake_task("gone")->running, 0);
	sim_run(30 * SECOND);
	expect_state("more", SERVICE_READY);
	sim_run(30 * SECOND);
	assert_int_equal(fake_task("greet")->starts, 3);
	assert_string_equal(fake_task("greet")->told, "ready more ");
	assert_int_equal(fake_task("setup")->starts, 1);
	end_all(10 * SECOND);
}

static void a_reload_kills_what_is_gone(void **state)
{
	start("[task t]\ncommand = setup\n" WEB);
	fake_task("setup")->end_ms = NEVER_MS;
	sim_reload("[task u]\ncommand = other-setup\n" WEB);
	assert_int_equal(fake_task("setup")->running, 0);
	assert_int_equal(fake_task("other-setup")->running, 1);
	(void)sim_run_until("web", SERVICE_READY, 10 * SECOND);
	end_all(10 * SECOND);
}

static void a_reload_begins_start_tasks_anew(void **state)
{
	start("[task s]\ncommand = drift\nwhen = start\n" WEB);
	sim_run(500);
	assert_int_equal(fake_task("drift")->running, 1);
	sim_reload("[task q]\ncommand = check\nwhen = start\n[task s]\ncommand = drift\nwhen = "
		   "start\n" WEB);
	(void)sim_run_until("web", SERVICE_READY, 10 * SECOND);
	assert_int_equal(fake_task("check")->starts, 1);
	assert_int_equal(fake_task("drift")->starts, 2);
	assert_int_equal(sim_events("web", "task-failed"), 0);
	end_all(10 * SECOND);
}

static void a_reload_mends_what_a_task_has_blocked(void **state)
{
	start("[task t]\ncommand = setup\n" WEB);
	fake_task("setup")->code = 1;
	(void)sim_run_until("web", SERVICE_BLOCKED, MINUTE);
	sim_reload("[task t]\ncommand = setup\n" WEB "[service other]\ncommand = other\n");
	sim_run(MINUTE);
	expect_state("web", SERVICE_BLOCKED);
	sim_reload("[task t]\ncommand = setup anew\n" WEB);
	fake_task("setup")->code = 0;
	(void)sim_run_until("web", SERVICE_READY, 10 * SECOND);
	end_all(10 * SECOND);
}

/* Another place, and its repair command under way. */
static void a_reload_cuts_a_repair_short_only_if_the_service_changes(void **state)
{
	start(REPAIRED_WEB);
	(void)sim_run_until("web", SERVICE_READY, MINUTE);
	fake_task("doctor")->end_ms = 10 * SECOND;
	for (int i = 0; i < 2; i++) {
		crash("web", 78);
		(void)sim_run_until("web", SERVICE_WAITING, SECOND);
		assert_int_equal(fake_task("doctor")->running, 1);
		sim_reload(
		    i ? REPAIRED_WEB "env.A = 1\n" : "[service a]\ncommand = a\n" REPAIRED_WEB);
		(void)sim_run_until("web", SERVICE_READY, MINUTE);
		assert_int_equal(sim_events("web", "repair"), 1);
	}
	end_all(10 * SECOND);
}

/* ---- the end ---- */

static void a_shutdown_waits_for_tasks_within_its_budget(void **state)
{
	uint64_t took_ms;

	for (int i = 0; i < 3; i++) {
		start("[nemoinit]\nstop_budget = 2s\n[task b]\ncommand = setup\nof = web\n"
		      "[task r]\ncommand = greet\nwhen = ready\nof = other\n" WEB MORE);
		fake_task("greet")->end_ms = NEVER_MS;
		fake_task("greet")->term_ms = i == 2 ? NEVER_MS : (uint64_t)i * 300;
		(void)sim_run_until("other", SERVICE_READY, MINUTE);
		supervisor_stop(&sim.supervisor, "SIGTERM", fake.now_ms);
		sim_wake();
		took_ms = sim_run_down(3 * SECOND);
		assert_in_range(took_ms, i * 200, 100 + i * 300);
		assert_int_equal(fake_task("greet")->running, 0);
		assert_int_equal(fake_task("setup")->running, 0);
		assert_int_equal(fake_task("greet")->starts, 1);
		sim_end();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(boot_tasks_come_before_their_services),
		cmocka_unit_test(a_failed_boot_task_blocks_until_it_is_run_again),
		cmocka_unit_test(a_boot_task_that_may_fail_holds_nobody_up),
		cmocka_unit_test(nothing_to_run_blocks_too),
		cmocka_unit_test(a_hung_task_is_ended_at_its_limit),
		cmocka_unit_test(a_task_is_not_hung_while_we_stand_still),
		cmocka_unit_test(start_tasks_run_before_each_start),
		cmocka_unit_test(a_failed_start_task_blocks_the_one_that_starts),
		cmocka_unit_test(a_stop_cancels_what_runs_before_the_start),
		cmocka_unit_test(a_stranger_on_the_port_costs_one_run),
		cmocka_unit_test(events_are_told_beside),
		cmocka_unit_test(staying_blocked_is_told_once),
		cmocka_unit_test(a_repair_runs_once_before_the_retry),
		cmocka_unit_test(a_repair_that_does_not_help_blocks),
		cmocka_unit_test(a_stop_cancels_the_repair),
		cmocka_unit_test(a_shutdown_repairs_nothing),
		cmocka_unit_test(a_reload_leaves_what_runs),
		cmocka_unit_test(a_reload_kills_what_is_gone),
		cmocka_unit_test(a_reload_begins_start_tasks_anew),
		cmocka_unit_test(a_reload_mends_what_a_task_has_blocked),
		cmocka_unit_test(a_reload_cuts_a_repair_short_only_if_the_service_changes),
		cmocka_unit_test(a_shutdown_waits_for_tasks_within_its_budget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
