/* The supervisor's promises (spec 30), one scenario each, in virtual time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

enum {
	SECOND = 1000,
	MINUTE = 60 * SECOND,
	HOUR = 60 * MINUTE,
	START_MS = 1000000,
};

/* The pod: both services as shipped but for their commands. */
static const char pod_ini[] = "[service gateway]\ncommand = gateway\n"
			      "[service auto-pair]\ncommand = auto-pair\n";

/* One service with a probe. */
static const char http_ini[] = "[service web]\ncommand = web\nprobe = http://127.0.0.1:8080/\n";

static const char plain_ini[] = "[service job]\ncommand = job\n";

static void start(const char *ini)
{
	sim_start(ini, START_MS, 1);
}

static void wait_ready(const char *name)
{
	(void)sim_run_until(name, SERVICE_READY, HOUR);
}

static void crash(const char *name, struct exit_info exit)
{
	struct fake_process *process = sim_main(name);

	assert_non_null(process);
	process->die_ms = fake.now_ms;
	process->exit = exit;
}

static const struct exit_info segfault = { .by_signal = true, .value = SIGSEGV };
static const struct exit_info clean = { .value = 0 };

static void exits_with(const char *name, uint64_t after_ms, int code)
{
	sim_child(name)->exit_ms = after_ms;
	sim_child(name)->exit = (struct exit_info){ .value = code };
}

static void start_pod(void)
{
	start(pod_ini);
	sim_child("auto-pair")->ping_ms = 30 * SECOND;
	wait_ready("auto-pair");
}

/* ---- starts ---- */

static void test_pod_start(void **state)
{
	start(pod_ini);
	assert_int_equal(sim_service("gateway")->state, SERVICE_STARTING);
	assert_int_equal(sim_service("auto-pair")->state, SERVICE_WAITING);
	assert_in_range(sim_run_until("gateway", SERVICE_READY, HOUR), 1000, 3000);
	assert_int_equal(fake.services[1].starts, 1);
	sim_child("auto-pair")->ping_ms = 30 * SECOND;
	wait_ready("auto-pair");
	/* A whole day of nothing: no restart, and one probe each ten seconds. */
	sim_run(24 * HOUR);
	assert_int_equal(sim_events("gateway", "starting"), 1);
	assert_int_equal(sim_events("gateway", "ready"), 1);
	assert_int_equal(sim_events("gateway", "failing"), 0);
	assert_in_range(sim.step, 24 * 360, 24 * 360 * 4);
	sim_end();
}

static void test_slow_start(void **state)
{
	start(pod_ini);
	crash("gateway", clean);
	sim_child("gateway")->serve_ms = 240 * SECOND;
	assert_in_range(
	    sim_run_until("gateway", SERVICE_READY, 250 * SECOND), 240 * SECOND, 243 * SECOND);
	assert_int_equal(sim_events("gateway", "starting"), 2);
	assert_int_equal(sim_events("gateway", "stopping"), 0);
	assert_int_equal(sim_events("gateway", "failing"), 0);
	assert_int_equal(sim_service("gateway")->restarts, 1);
	sim_end();
}

static void test_start_timeout(void **state)
{
	start(pod_ini);
	sim_main("gateway")->plan.serve_ms = NEVER_MS;
	assert_in_range(
	    sim_run_until("gateway", SERVICE_STOPPING, HOUR), 600 * SECOND, 600 * SECOND);
	wait_ready("gateway");
	assert_int_equal(sim_service("gateway")->last_exit.reason, EXIT_REASON_START_TIMEOUT);
	assert_int_equal(sim_service("gateway")->restarts, 1);
	sim_end();
}

static void test_exec_failure(void **state)
{
	start(pod_ini);
	sim_main("gateway")->plan.exec_error = ENOENT;
	crash("gateway", (struct exit_info){ .value = 127 });
	(void)sim_run_until("gateway", SERVICE_BACKOFF, SECOND);
	assert_int_equal(sim_service("gateway")->last_exit.reason, EXIT_REASON_EXEC_FAILED);
	assert_non_null(strstr(sim_unit("gateway")->failure, "No such file"));
	wait_ready("gateway"); /* images mount it late */
	sim_end();
}

static void test_fork_failure(void **state)
{
	start(http_ini);
	wait_ready("web");
	fake.fork_error = EAGAIN;
	crash("web", segfault);
	(void)sim_run_until("web", SERVICE_BACKOFF, SECOND);
	assert_int_equal(sim_service("web")->last_exit.reason, EXIT_REASON_SIGNAL);
	sim_run(5 * MINUTE);
	assert_int_equal(sim_service("web")->last_exit.reason, EXIT_REASON_EXEC_FAILED);
	assert_in_range(sim_service("web")->failures, 6, 20);
	assert_int_equal(fake.services[0].starts, 1);
	fake.fork_error = 0;
	(void)sim_run_until("web", SERVICE_READY, 70 * SECOND);
	sim_end();
}

static void test_order(void **state)
{
	start("[service c]\ncommand = c\nafter = b\nprobe = tcp://127.0.0.1:3\n"
	      "[service b]\ncommand = b\nafter = a\nprobe = tcp://127.0.0.1:2\n"
	      "[service a]\ncommand = a\nprobe = tcp://127.0.0.1:1\n"
	      "[service d]\ncommand = d\nprobe = tcp://127.0.0.1:4\n");
	assert_int_equal(sim_service("a")->state, SERVICE_STARTING);
	assert_int_equal(sim_service("d")->state, SERVICE_STARTING);
	wait_ready("a");
	assert_int_equal(sim_service("b")->state, SERVICE_STARTING);
	assert_int_equal(sim_service("c")->state, SERVICE_WAITING);
	wait_ready("c");
	supervisor_stop(&sim.supervisor, "test", fake.now_ms);
	sim_wake();
	assert_int_equal(sim_service("c")->state, SERVICE_STOPPING);
	assert_int_equal(sim_service("b")->state, SERVICE_READY);
	(void)sim_run_until("b", SERVICE_STOPPING, SECOND);
	assert_int_equal(fake_count_alive(0), 0);
	assert_int_equal(sim_service("a")->state, SERVICE_READY);
	assert_in_range(sim_run_down(SECOND), 1, 200);
	sim_end();
}

/* ---- ends that nobody asked for ---- */

static void test_backoff_growth(void **state)
{
	static const unsigned wanted_ms[] = { 500, 1000, 2000, 4000, 8000, 16000, 32000, 60000,
		60000 };

	start("[service job]\ncommand = job\ncrash_limit = 100/1h\nstable_after = 60s\n");
	exits_with("job", 2000, 1);
	crash("job", segfault);
	for (size_t i = 0; i < ARRAY_LEN(wanted_ms); i++) {
		uint64_t took_ms;

		(void)sim_run_until("job", SERVICE_BACKOFF, 3 * SECOND);
		took_ms = sim_run_until("job", SERVICE_STARTING, 2 * MINUTE);
		assert_in_range(took_ms, wanted_ms[i] * 9 / 10, wanted_ms[i] * 11 / 10);
	}
	/* Stable: forgotten, and the next failure is the first, without a delay. */
	sim_child("job")->exit_ms = NEVER_MS;
	(void)sim_run_until("job", SERVICE_BACKOFF, 10 * SECOND);
	(void)sim_run_until("job", SERVICE_READY, 2 * MINUTE);
	assert_in_range(sim_service("job")->failures, 9, 10);
	sim_run(61 * SECOND);
	assert_int_equal(sim_service("job")->failures, 0);
	crash("job", segfault);
	exits_with("job", 2000, 1);
	assert_int_equal(sim_run_until("job", SERVICE_STARTING, SECOND), 0);
	(void)sim_run_until("job", SERVICE_BACKOFF, 3 * SECOND);
	assert_in_range(sim_run_until("job", SERVICE_STARTING, 3 * SECOND), 900, 1100);
	sim_end();
}

static void test_clean_exits_at_once(void **state)
{
	start(pod_ini);
	wait_ready("gateway");
	for (unsigned i = 0; i < 3; i++) {
		crash("gateway", (struct exit_info){ .value = i == 1 ? 75 : 0 });
		assert_int_equal(sim_run_until("gateway", SERVICE_STARTING, SECOND), 0);
		wait_ready("gateway");
	}
	assert_int_equal(sim_service("gateway")->failures, 0);
	assert_int_equal(sim_service("gateway")->last_exit.reason, EXIT_REASON_CLEAN);
	sim_end();
}

static void test_clean_exit_loop(void **state)
{
	start(http_ini);
	sim_main("web")->plan.serve_ms = 100;
	crash("web", segfault);
	sim_child("web")->serve_ms = 100;
	exits_with("web", 1500, 0);
	sim_run(10 * MINUTE);
	assert_true(sim_service("web")->is_crash_loop);
	assert_int_equal(sim_events("web", "crash-loop"), 1);
	assert_in_range(fake.services[0].starts, 10, 18);
	/* Recover forgets it. */
	sim_child("web")->exit_ms = NEVER_MS;
	assert_int_equal(sim_request(REQUEST_RECOVER, "web", NEVER_MS), 0);
	(void)sim_run_until("web", SERVICE_READY, 2 * MINUTE);
	assert_false(sim_service("web")->is_crash_loop);
	crash("web", segfault);
	(void)sim_run_until("web", SERVICE_BACKOFF, SECOND);
	assert_false(sim_service("web")->is_crash_loop);
	sim_end();
}

/* An old gateway ends with 0 when its port is taken: never ready is a failure. */
static void test_clean_exit_before_ready(void **state)
{
	start(http_ini);
	crash("web", clean);
	(void)sim_run_until("web", SERVICE_BACKOFF, SECOND);
	assert_int_equal(sim_service("web")->failures, 1);
	sim_end();
}

static void test_crash_loop_blocks(void **state)
{
	start("[service job]\ncommand = job\ncrash_action = block\ncrash_limit = 3/10m\n");
	exits_with("job", 100, 1);
	crash("job", segfault);
	(void)sim_run_until("job", SERVICE_BLOCKED, MINUTE);
	assert_int_equal(sim_service("job")->blocked, BLOCKED_CRASH_LOOP);
	assert_int_equal(fake.services[0].starts, 4);
	sim_run(24 * HOUR);
	assert_int_equal(fake.services[0].starts, 4);
	sim_child("job")->exit_ms = NEVER_MS;
	assert_int_equal(sim_request(REQUEST_RECOVER, "job", NEVER_MS), 0);
	(void)sim_run_until("job", SERVICE_READY, SECOND);
	sim_end();
}

static void test_fatal_exit(void **state)
{
	start(http_ini);
	exits_with("web", 500, 78);
	crash("web", (struct exit_info){ .value = 78 });
	(void)sim_run_until("web", SERVICE_BLOCKED, SECOND);
	assert_int_equal(sim_service("web")->blocked, BLOCKED_CONFIG);
	for (unsigned i = 0; i < 10; i++) {
		assert_in_range(
		    sim_run_until("web", SERVICE_STARTING, HOUR), 5 * MINUTE, 5 * MINUTE);
		assert_int_equal(service_shown_state(sim_service("web")), SERVICE_BLOCKED);
		(void)sim_run_until("web", SERVICE_BLOCKED, SECOND);
	}
	assert_false(sim_service("web")->is_crash_loop);
	sim_child("web")->exit_ms = NEVER_MS; /* it was a passing lock */
	(void)sim_run_until("web", SERVICE_READY, 5 * MINUTE + 3 * SECOND);
	assert_int_equal(sim_service("web")->blocked, BLOCKED_NOT);
	sim_end();
}

static void test_finished(void **state)
{
	start("[service once]\ncommand = once\nrestart = on-failure\n"
	      "[service next]\ncommand = next\nafter = once\n"
	      "[service never]\ncommand = never\nrestart = never\n");
	crash("once", (struct exit_info){ .value = 1 });
	(void)sim_run_until("once", SERVICE_BACKOFF, SECOND);
	(void)sim_run_until("once", SERVICE_READY, SECOND);
	crash("once", clean);
	crash("never", segfault);
	(void)sim_run_until("once", SERVICE_FINISHED, SECOND);
	wait_ready("next");
	assert_int_equal(sim_service("never")->state, SERVICE_FINISHED);
	sim_run(HOUR);
	assert_int_equal(fake.services[0].starts, 2);
	assert_int_equal(fake.services[2].starts, 1);
	sim_end();
}

static void test_oom(void **state)
{
	start(http_ini);
	wait_ready("web");
	fake.oom_count++;
	fake_kill(sim_main("web"), SIGKILL);
	(void)sim_run_until("web", SERVICE_STARTING, SECOND);
	assert_int_equal(sim_service("web")->last_exit.reason, EXIT_REASON_OOM);
	assert_int_equal(sim_events("", "oom"), 1);
	/* The next KILL is somebody else's. */
	wait_ready("web");
	fake_kill(sim_main("web"), SIGKILL);
	(void)sim_run_until("web", SERVICE_BACKOFF, SECOND);
	assert_int_equal(sim_service("web")->last_exit.reason, EXIT_REASON_SIGNAL);
	assert_int_equal(sim_unit("web")->exit_oom, 0);
	/* One that has hit a process of no name explains no KILL an hour later. */
	wait_ready("web");
	fake.oom_count++;
	sim_run(HOUR);
	fake_kill(sim_main("web"), SIGKILL);
	(void)sim_run_until("web", SERVICE_STARTING, SECOND);
	assert_int_equal(sim_service("web")->last_exit.reason, EXIT_REASON_SIGNAL);
	assert_int_equal(sim_events("", "oom"), 2);
	sim_end();
}

static void test_oom_of_two(void **state)
{
	start("[service a]\ncommand = a\n[service b]\ncommand = b\n[service c]\ncommand = c\n");
	sim_run(SECOND);
	fake.oom_count += 2;
	fake_kill(sim_main("a"), SIGKILL);
	fake_kill(sim_main("b"), SIGKILL);
	crash("c", segfault);
	sim_run(100);
	assert_int_equal(sim_service("a")->last_exit.reason, EXIT_REASON_OOM);
	assert_int_equal(sim_service("b")->last_exit.reason, EXIT_REASON_OOM);
	assert_int_equal(sim_service("c")->last_exit.reason, EXIT_REASON_SIGNAL);
	sim_end();
}

/* The old tree is gone before the next start, one way or the other. */
static void test_survivors(void **state)
{
	start(plain_ini);
	sim_child("job")->members = 3;
	sim_child("job")->member_term_ms = NEVER_MS;
	crash("job", segfault);
	(void)sim_run_until("job", SERVICE_BACKOFF, SECOND);
	(void)sim_run_until("job", SERVICE_READY, SECOND);
	assert_int_equal(fake_count_alive(0), 4);
	crash("job", segfault);
	(void)sim_run_until("job", SERVICE_STOPPING, SECOND);
	assert_in_range(sim_run_until("job", SERVICE_BACKOFF, MINUTE), SERVICE_TREE_GRACE_MS,
	    SERVICE_TREE_GRACE_MS + 50);
	assert_int_equal(sim_events("job", "killed"), 1);
	/* Most obey TERM. */
	sim_child("job")->member_term_ms = 20;
	(void)sim_run_until("job", SERVICE_READY, 2 * SECOND);
	crash("job", segfault);
	assert_in_range(sim_run_until("job", SERVICE_BACKOFF, MINUTE), 20, 25);
	assert_int_equal(sim_events("job", "killed"), 1);
	sim_end();
}

static void test_unkillable(void **state)
{
	start(http_ini);
	sim_main("web")->plan.kill_ms = 10 * MINUTE;
	sim_main("web")->plan.term_ms = NEVER_MS;
	wait_ready("web");
	assert_int_equal(sim_request(REQUEST_RESTART, "web", 2 * MINUTE), 0);
	sim_run(9 * MINUTE);
	assert_int_equal(sim_service("web")->state, SERVICE_STOPPING);
	assert_true(sim_service("web")->is_unkillable);
	assert_non_null(strstr(sim_unit("web")->warnings[UNIT_WARNING_STOP], "unkillable"));
	assert_non_null(strstr(sim.reply, "\"timeout\""));
	/* One line for the KILL and one for its failure, not one for each try. */
	assert_int_equal(sim_events("web", "killed"), 1);
	assert_int_equal(sim_events("web", "warning"), 1);
	(void)sim_run_until("web", SERVICE_READY, 2 * MINUTE);
	sim_end();
}

/* A stranger with the same rights can keep the status pipe open: its end is never read then. */
static void test_status_pipe_held_open(void **state)
{
	start(http_ini);
	wait_ready("web");
	fake.is_status_held = true;
	crash("web", segfault);
	(void)sim_run_until("web", SERVICE_STARTING, MINUTE);
	assert_true(sim_unit("web")->status_fd >= 0);
	crash("web", segfault);
	(void)sim_run_until("web", SERVICE_BACKOFF, MINUTE);
	assert_int_equal(sim_unit("web")->status_fd, -1);
	assert_null(sim_unit("web")->status_watch);
	fake.is_status_held = false;
	(void)sim_run_until("web", SERVICE_READY, MINUTE);
	sim_end();
}

/* Looks at very many processes are dear: KILL is not repeated before they have been paid for. */
static void test_repeated_kill_is_paced(void **state)
{
	start(http_ini);
	sim_main("web")->plan.kill_ms = NEVER_MS;
	sim_main("web")->plan.term_ms = NEVER_MS;
	wait_ready("web");
	unit_stop(sim_unit("web"), SECOND, fake.now_ms);
	sim_wake();
	sim_run(2 * SECOND);
	assert_int_equal(sim_events("web", "killed"), 1);
	sim_unit("web")->look_ms = fake.now_ms + MINUTE;
	sim_main("web")->plan.kill_ms = 1;
	sim_run(50 * SECOND);
	assert_int_equal(sim_service("web")->state, SERVICE_STOPPING);
	sim_run(15 * SECOND);
	assert_int_equal(sim_service("web")->state, SERVICE_STOPPED);
	sim_end();
}

/* ---- health ---- */

static void hang(const char *name, uint64_t duration_ms)
{
	struct fake_process *process = sim_main(name);

	process->plan.hang_ms = fake.now_ms - process->born_ms;
	process->plan.hang_end_ms = deadline_after(process->plan.hang_ms, duration_ms);
}

static void test_hung_gateway(void **state)
{
	uint64_t hung_ms;

	start_pod();
	sim_run(10 * MINUTE + 3210);
	hang("gateway", NEVER_MS);
	hung_ms = fake.now_ms;
	sim_main("gateway")->plan.term_ms = NEVER_MS; /* too stuck for TERM */
	(void)sim_run_until("gateway", SERVICE_STOPPING, HOUR);
	assert_in_range(fake.now_ms - hung_ms, 35 * SECOND, 50 * SECOND);
	(void)sim_run_until("gateway", SERVICE_READY, HOUR);
	assert_int_equal(sim_service("gateway")->last_exit.reason, EXIT_REASON_PROBE_FAILED);
	/* 45 s, stop_timeout, its own start. */
	assert_in_range(fake.now_ms - hung_ms, 60 * SECOND, 50 * SECOND + 30 * SECOND + 5 * SECOND);
	assert_int_equal(sim_events("gateway", "failing"), 1);
	sim_end();
}

/* A healthy gateway blocks for up to 15 s right after it is ready. */
static void test_block_after_ready(void **state)
{
	start_pod();
	hang("gateway", 15 * SECOND);
	sim_run(10 * MINUTE);
	assert_int_equal(sim_service("gateway")->state, SERVICE_READY);
	assert_int_equal(sim_events("gateway", "starting"), 1);
	assert_int_equal(sim_events("gateway", "stopping"), 0);
	assert_in_range(sim_events("gateway", "recovered"), 0, 1);
	/* 30 s are still no reason, any time: 45 s after the last good probe. */
	hang("gateway", 30 * SECOND);
	sim_run(10 * MINUTE);
	assert_int_equal(sim_events("gateway", "starting"), 1);
	assert_int_equal(sim_events("gateway", "recovered"), sim_events("gateway", "failing"));
	sim_end();
}

static void test_watchdog(void **state)
{
	start_pod();
	sim_run(HOUR);
	assert_int_equal(sim_events("auto-pair", "starting"), 1);
	sim_main("auto-pair")->plan.ping_end_ms = fake.now_ms - sim_main("auto-pair")->born_ms;
	assert_in_range(
	    sim_run_until("auto-pair", SERVICE_STOPPING, HOUR), 90 * SECOND, 120 * SECOND);
	wait_ready("auto-pair");
	assert_int_equal(sim_service("auto-pair")->last_exit.reason, EXIT_REASON_WATCHDOG);
	assert_int_equal(sim_events("gateway", "starting"), 1);
	sim_end();
}

static void test_foreign_port(void **state)
{
	start(http_ini);
	wait_ready("web");
	fake.services[0].stranger_ms = fake.now_ms;
	fake.services[0].stranger_end_ms = fake.now_ms + 10 * MINUTE + 30 * SECOND;
	crash("web", segfault);
	sim_run(9 * MINUTE);
	assert_int_equal(sim_service("web")->state, SERVICE_BACKOFF);
	assert_int_equal(sim_unit("web")->listener_owner, LISTENER_FOREIGN);
	assert_int_equal(sim_unit("web")->listener_pid, 4242);
	assert_int_equal(sim_events("web", "foreign-listener"), 1);
	assert_int_equal(sim_events("web", "starting"), 1);
	assert_in_range(sim_service("web")->failures, 0, 1); /* of the crash */
	assert_int_equal(sim_request(REQUEST_RECOVER, "web", NEVER_MS), 0);
	assert_non_null(strstr(sim.reply, "\"foreign-port\""));
	assert_in_range(
	    sim_run_until("web", SERVICE_STARTING, 2 * MINUTE), 89 * SECOND, 92 * SECOND);
	(void)sim_run_until("web", SERVICE_READY, 3 * SECOND);
	sim_end();
}

/* A stranger that answers 200 on our port does not make us ready, and is left alone. */
static void test_stranger_is_not_ready(void **state)
{
	start(http_ini);
	sim_main("web")->plan.serve_ms = NEVER_MS;
	fake.services[0].stranger_ms = fake.now_ms + 100;
	sim_run(9 * MINUTE);
	assert_int_equal(sim_service("web")->state, SERVICE_STARTING);
	assert_non_null(strstr(sim_unit("web")->probe_detail, "stranger"));
	sim_end();
}

static void test_restart_with(void **state)
{
	start_pod();
	crash("gateway", segfault);
	(void)sim_run_until("gateway", SERVICE_STARTING, SECOND);
	assert_int_equal(sim_service("auto-pair")->state, SERVICE_READY);
	wait_ready("gateway");
	assert_int_equal(sim_service("auto-pair")->state, SERVICE_STOPPING);
	wait_ready("auto-pair");
	assert_int_equal(sim_service("auto-pair")->restarts, 0); /* asked for */
	assert_int_equal(sim_service("gateway")->restarts, 1);
	/* One that has finished is started with it. */
	crash("auto-pair", clean);
	(void)sim_run_until("auto-pair", SERVICE_FINISHED, SECOND);
	crash("gateway", segfault);
	(void)sim_run_until("auto-pair", SERVICE_READY, MINUTE);
	sim_end();
}

/* What an old process has said does not count for the next one. */
static void test_stale_notification(void **state)
{
	start("[service bus]\ncommand = bus\nprobe = notify\nrestart_delay = 0\n");
	wait_ready("bus");
	sim_child("bus")->serve_ms = 30 * SECOND;
	for (unsigned i = 0; i < 4; i++)
		fake_send(sim_main("bus"), "READY=1");
	crash("bus", clean);
	(void)sim_run_until("bus", SERVICE_STARTING, SECOND);
	sim_run(20 * SECOND);
	assert_int_equal(sim_service("bus")->state, SERVICE_STARTING);
	(void)sim_run_until("bus", SERVICE_READY, 11 * SECOND);
	sim_end();
}

static void test_last_words(void **state)
{
	start("[service bus]\ncommand = bus\nprobe = notify\n");
	wait_ready("bus");
	fake_send(sim_main("bus"), "STATUS=one");
	fake_send(sim_main("bus"), "STATUS=two");
	fake_send(sim_main("bus"), "STATUS=three");
	exits_with("bus", 0, 1);
	crash("bus", segfault);
	(void)sim_run_until("bus", SERVICE_BACKOFF, SECOND);
	assert_string_equal(sim_unit("bus")->probe_detail, "three");
	sim_end();
}

/* ---- our own process stands still ---- */

static void test_frozen(void **state)
{
	start_pod();
	for (unsigned i = 0; i < 50; i++) {
		sim_run(SECOND * (20 + i));
		sim_freeze(MINUTE + i * 777);
	}
	sim_run(MINUTE);
	assert_int_equal(sim_events("gateway", "starting"), 1);
	assert_int_equal(sim_events("auto-pair", "starting"), 1);
	assert_int_equal(sim_service("gateway")->state, SERVICE_READY);
	sim_end();
}

/* Nor does it shorten the patience with one that is failing just then. */
static void test_frozen_while_failing(void **state)
{
	start(http_ini);
	wait_ready("web");
	hang("web", 3 * MINUTE);
	(void)sim_run_until("web", SERVICE_FAILING, 30 * SECOND);
	while (sim_service("web")->health.misses < 2 || sim_unit("web")->probe)
		sim_step(NEVER_MS);
	/* Between two probes: the third miss, right after it, is not one too many. */
	sim_freeze(2 * MINUTE);
	while (sim_service("web")->health.misses < 3)
		sim_step(NEVER_MS);
	assert_int_equal(sim_service("web")->state, SERVICE_FAILING);
	/* With a probe under way: what comes of that is no miss. */
	while (!sim_unit("web")->probe)
		sim_step(NEVER_MS);
	sim_freeze(10 * SECOND);
	sim_step(NEVER_MS);
	assert_int_equal(sim_service("web")->health.misses, 3);
	sim_main("web")->plan.hang_end_ms = fake.now_ms - sim_main("web")->born_ms;
	wait_ready("web");
	assert_int_equal(sim_events("web", "starting"), 1);
	sim_end();
}

/* Runs with every wake-up so late. */
static void run_starved(const char *name, enum service_state state, uint64_t limit_ms)
{
	uint64_t end_ms = fake.now_ms + limit_ms;

	while (sim_service(name)->state != state && fake.now_ms < end_ms) {
		sim_freeze(1100);
		sim_step(NEVER_MS);
	}
	assert_int_equal(sim_service(name)->state, state);
}

/* On a machine that is slow all the time, a stop and a start take longer, but they end. */
static void test_starved(void **state)
{
	start(http_ini);
	wait_ready("web");
	sim_main("web")->plan.term_ms = NEVER_MS;
	sim_child("web")->serve_ms = NEVER_MS;
	assert_int_equal(sim_request(REQUEST_RESTART, "web", NEVER_MS), 0);
	run_starved("web", SERVICE_STARTING, MINUTE);
	run_starved("web", SERVICE_STOPPING, 40 * MINUTE);
	sim_end();
}

/* The pace of restarts is no matter of health. */
static void test_frozen_backoff(void **state)
{
	start("[service job]\ncommand = job\nrestart_delay = 20s\n"
	      "[service web]\ncommand = web\nprobe = http://127.0.0.1:8080/\n");
	wait_ready("web");
	crash("job", segfault);
	(void)sim_run_until("job", SERVICE_BACKOFF, SECOND);
	sim_run(SECOND);
	sim_freeze(5 * SECOND);
	assert_in_range(sim_run_until("job", SERVICE_STARTING, MINUTE), 17 * SECOND, 21 * SECOND);
	sim_end();
}

/* A ping that was waiting when we woke is worth one watchdog time, not more. */
static void test_frozen_watchdog(void **state)
{
	uint64_t woken_ms;

	start_pod();
	sim_run(10 * SECOND);
	sim_freeze(10 * MINUTE);
	sim_step(NEVER_MS);
	woken_ms = fake.now_ms;
	hang("auto-pair", NEVER_MS);
	(void)sim_run_until("auto-pair", SERVICE_STOPPING, HOUR);
	assert_in_range(fake.now_ms - woken_ms, 90 * SECOND, 125 * SECOND);
	sim_end();
}

/* ---- the end ---- */

static const char levels_ini[] = "[nemoinit]\nstop_budget = 8s\n"
				 "[service a]\ncommand = a\n"
				 "[service b]\ncommand = b\nafter = a\n"
				 "[service c]\ncommand = c\nafter = b\n";

static void start_levels(void)
{
	start(levels_ini);
	wait_ready("c");
}

static void begin_shutdown(void)
{
	supervisor_stop(&sim.supervisor, "SIGTERM", fake.now_ms);
	sim_wake();
}

static void check_nothing_lives(void)
{
	for (size_t i = 0; i < fake.service_count; i++)
		assert_int_equal(fake_count_alive(i), 0);
}

static void test_stop_budget(void **state)
{
	start_levels();
	sim_main("c")->plan.term_ms = NEVER_MS;
	sim_main("b")->plan.term_ms = NEVER_MS;
	sim_main("a")->plan.term_ms = 300;
	begin_shutdown();
	/* 8 s less 500 ms for each of the two others. */
	assert_in_range(sim_run_until("b", SERVICE_STOPPING, MINUTE), 7000, 7050);
	assert_in_range(sim_run_until("a", SERVICE_STOPPING, MINUTE), 400, 550);
	assert_in_range(sim_run_down(MINUTE), 300, 400);
	assert_int_equal(sim_events("a", "killed"), 0);
	assert_int_equal(sim_events("b", "killed"), 1);
	check_nothing_lives();
	sim_end();
}

static void test_second_term(void **state)
{
	start_levels();
	sim_main("c")->plan.term_ms = NEVER_MS;
	begin_shutdown();
	sim_run(500);
	begin_shutdown(); /* too soon: a shell's group gets one signal twice */
	sim_run(600);
	assert_int_equal(sim_service("c")->state, SERVICE_STOPPING);
	assert_int_equal(sim_service("b")->state, SERVICE_READY);
	begin_shutdown();
	assert_in_range(sim_run_down(MINUTE), 1, 50);
	check_nothing_lives();
	sim_end();
}

static void test_unkillable_at_shutdown(void **state)
{
	start_levels();
	sim_main("c")->plan.term_ms = sim_main("c")->plan.kill_ms = NEVER_MS;
	sim_main("a")->plan.term_ms = 200;
	begin_shutdown();
	assert_in_range(sim_run_down(MINUTE), 7000, 9500);
	assert_int_equal(fake_count_alive(0), 0);
	assert_int_equal(fake_count_alive(1), 0);
	/* The others had their reserve: it did not eat up all that was left. */
	assert_int_equal(sim_events("b", "killed"), 0);
	assert_int_equal(sim_events("a", "killed"), 0);
	sim_end();
}

/* A big process may need longer for its KILL than the budget has left: that is not for ever. */
static void test_dies_late_at_shutdown(void **state)
{
	start_levels();
	sim_main("a")->plan.term_ms = NEVER_MS;
	sim_main("a")->plan.kill_ms = 400;
	begin_shutdown();
	(void)sim_run_down(MINUTE);
	assert_non_null(strstr(sim.supervisor.stopped, "1 of them by KILL (a)"));
	assert_null(strstr(sim.supervisor.stopped, "not even"));
	check_nothing_lives();
	sim_end();
}

static void test_nothing_starts_in_shutdown(void **state)
{
	start_levels();
	sim_main("c")->plan.term_ms = NEVER_MS;
	begin_shutdown();
	sim_run(100);
	crash("b", clean);
	crash("a", segfault);
	(void)sim_run_down(10 * SECOND);
	assert_int_equal(fake.services[0].starts, 1);
	assert_int_equal(fake.services[1].starts, 1);
	check_nothing_lives();
	sim_end();
}

static void test_shutdown_while_starting(void **state)
{
	start(pod_ini);
	begin_shutdown();
	assert_in_range(sim_run_down(MINUTE), 1, 50);
	assert_int_equal(fake.services[1].starts, 0);
	check_nothing_lives();
	sim_end();
	/* And while it is being restarted. */
	start_pod();
	assert_int_equal(sim_request(REQUEST_RESTART, "", NEVER_MS), 0);
	begin_shutdown();
	assert_in_range(sim_run_down(MINUTE), 1, 50);
	assert_int_equal(fake.services[0].starts, 1);
	check_nothing_lives();
	sim_end();
}

/* What is being stopped already, for longer than there is time now. */
static void test_shutdown_while_stopping(void **state)
{
	start_levels();
	sim_main("a")->plan.term_ms = NEVER_MS;
	assert_int_equal(sim_request(REQUEST_RESTART, "a", NEVER_MS), 0);
	begin_shutdown();
	assert_in_range(sim_run_down(MINUTE), 7900, 8050);
	assert_int_equal(sim_events("a", "killed"), 1);
	check_nothing_lives();
	sim_end();
}

/* What has lost its parents belongs to no service, and is ended all the same. */
static void test_orphans_at_shutdown(void **state)
{
	struct fake_process *orphan;

	start_levels();
	orphan = fake_orphan();
	orphan->plan.kill_ms = 300;
	begin_shutdown();
	assert_in_range(sim_run_down(MINUTE), 300, 350);
	assert_int_equal(orphan->pid, 0);
	sim_end();
	/* One that does not even die from KILL is left behind. */
	start_levels();
	fake_orphan()->plan.kill_ms = NEVER_MS;
	begin_shutdown();
	assert_in_range(sim_run_down(MINUTE), 1000, 1050);
	sim_end();
}

/* ---- requests ---- */

static const char *reply_after(uint64_t duration_ms)
{
	uint64_t end_ms = fake.now_ms + duration_ms;

	while (!sim.reply && fake.now_ms < end_ms)
		sim_step(end_ms);
	return sim.reply ? sim.reply : "no reply";
}

static void test_recover(void **state)
{
	start_pod();
	assert_int_equal(sim_request(REQUEST_RECOVER, "", NEVER_MS), 0);
	assert_non_null(strstr(reply_after(0), "\"already-running\""));
	assert_int_equal(sim_request(REQUEST_RECOVER, "nobody", NEVER_MS), -ENOENT);
	fake.fork_error = EAGAIN;
	crash("gateway", segfault);
	(void)sim_run_until("gateway", SERVICE_BACKOFF, SECOND);
	fake.fork_error = 0;
	sim_child("gateway")->serve_ms = 20 * SECOND;
	assert_int_equal(sim_request(REQUEST_RECOVER, "gateway", NEVER_MS), 0);
	assert_non_null(strstr(reply_after(30 * SECOND), "\"started\""));
	assert_non_null(strstr(sim.reply, "\"ok\":true"));
	assert_int_equal(sim_service("gateway")->state, SERVICE_READY);
	/* It fails while somebody waits, and it is late. */
	exits_with("gateway", 1000, 1);
	sim_child("gateway")->serve_ms = NEVER_MS;
	assert_int_equal(sim_request(REQUEST_RESTART, "gateway", NEVER_MS), 0);
	assert_non_null(strstr(reply_after(10 * SECOND), "\"failed\""));
	sim_child("gateway")->exit_ms = NEVER_MS;
	assert_int_equal(sim_request(REQUEST_RECOVER, "gateway", 30 * SECOND), 0);
	assert_non_null(strstr(reply_after(31 * SECOND), "\"timeout\""));
	assert_non_null(strstr(sim.reply, "\"ok\":false"));
	sim_end();
}

static void test_restart_all(void **state)
{
	start_levels();
	assert_int_equal(sim_request(REQUEST_RESTART, "", NEVER_MS), 0);
	assert_int_equal(sim_request(REQUEST_RESTART, "b", NEVER_MS), -EBUSY);
	assert_int_equal(sim_service("c")->state, SERVICE_STOPPING);
	assert_int_equal(sim_service("a")->state, SERVICE_READY);
	assert_non_null(strstr(reply_after(10 * SECOND), "\"started\""));
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(fake.services[i].starts, 2);
	assert_int_equal(sim_service("a")->restarts, 0);
	sim_end();
}

/* `stop` of what is on its way to a new start keeps it down. */
static void test_stop_while_restarting(void **state)
{
	start(http_ini);
	wait_ready("web");
	sim_main("web")->plan.term_ms = SECOND;
	assert_int_equal(sim_request(REQUEST_RESTART, "web", NEVER_MS), 0);
	unit_stop(sim_unit("web"), 0, fake.now_ms);
	sim_run(HOUR);
	assert_int_equal(sim_service("web")->state, SERVICE_STOPPED);
	assert_non_null(strstr(sim.reply, "\"failed\""));
	assert_int_equal(sim_request(REQUEST_RECOVER, "web", NEVER_MS), 0);
	wait_ready("web");
	sim_end();
}

static void test_recover_blocked(void **state)
{
	start(http_ini);
	exits_with("web", 500, 78);
	crash("web", (struct exit_info){ .value = 78 });
	(void)sim_run_until("web", SERVICE_BLOCKED, SECOND);
	assert_int_equal(sim_request(REQUEST_RECOVER, "web", NEVER_MS), 0);
	assert_non_null(strstr(reply_after(10 * SECOND), "\"blocked\""));
	sim_end();
}

/* ---- the ends of time ---- */

static void run_pod_at(uint64_t start_ms)
{
	sim_start(pod_ini, start_ms, 7);
	sim_child("auto-pair")->ping_ms = 30 * SECOND;
	wait_ready("auto-pair");
	for (unsigned i = 0; i < 8; i++) {
		crash("gateway", segfault);
		(void)sim_run_until("gateway", SERVICE_STARTING, 2 * MINUTE);
		(void)sim_run_until("gateway", SERVICE_READY, 3 * SECOND);
		sim_run(2 * SECOND);
	}
	hang("gateway", NEVER_MS);
	(void)sim_run_until("gateway", SERVICE_STOPPING, MINUTE);
	(void)sim_run_until("gateway", SERVICE_READY, 2 * MINUTE);
	begin_shutdown();
	(void)sim_run_down(10 * SECOND);
	check_nothing_lives();
	sim_end();
}

/* From now on a line in so many ms; NEVER_MS: none. */
static void chat(const char *name, uint64_t interval_ms)
{
	struct fake_process *main = sim_main(name);

	main->plan.chat_ms = interval_ms;
	main->next_chat_ms = deadline_after(fake.now_ms, interval_ms);
}

static void test_disk_full(void **state)
{
	unsigned tries;

	sim_start("[nemoinit]\nlog_dir = /logs\n[service a]\ncommand = a\n", START_MS, 1);
	sim_run_until("a", SERVICE_READY, MINUTE);
	chat("a", 100);
	sim_run(MINUTE);
	assert_in_range(fake.file_lines, 550, 650);
	assert_int_equal(sim_events("a", "drops"), 0);
	assert_null(sim_unit("a")->warnings[UNIT_WARNING_LOG]);
	fake.is_disk_full = true;
	sim_run(MINUTE);
	/* Told once, tried at its pace, and shown all the time. */
	assert_int_equal(sim_events("a", "drops"), 1);
	assert_in_range(fake.file_tries, 10, 13);
	assert_non_null(sim_unit("a")->warnings[UNIT_WARNING_LOG]);
	assert_int_equal(sim_service("a")->state, SERVICE_READY);
	tries = fake.file_tries;
	fake.is_disk_full = false;
	sim_run(MINUTE);
	assert_int_equal(sim_events("a", "drops"), 2);
	assert_int_equal(fake.file_tries, tries + 1);
	assert_null(sim_unit("a")->warnings[UNIT_WARNING_LOG]);
	assert_in_range(unit_log_dropped(sim_unit("a")), 500, 700);
	/* One that is quiet learns of it too. */
	fake.is_disk_full = true;
	sim_run(SECOND);
	chat("a", NEVER_MS);
	sim_run(MINUTE);
	fake.is_disk_full = false;
	sim_run(MINUTE);
	assert_int_equal(sim_events("a", "drops"), 4);
	assert_null(sim_unit("a")->warnings[UNIT_WARNING_LOG]);
	assert_int_equal(sim.deadline_ms, NEVER_MS);
	sim_end();
}

static void test_log_keys_reloaded(void **state)
{
	sim_start(
	    "[nemoinit]\nlog_dir = /logs\n[service a]\ncommand = a\n[service b]\ncommand = b\n",
	    START_MS, 1);
	sim_run_until("b", SERVICE_READY, MINUTE);
	chat("a", 100);
	chat("b", 100);
	sim_run(MINUTE);
	assert_int_equal(fake.log_files, 2);
	fake.is_disk_full = true;
	sim_run(SECOND);
	assert_int_equal(sim_events("a", "drops"), 1);
	/* Another place; what is missing in the old one is told. */
	fake.is_disk_full = false;
	sim_reload(
	    "[nemoinit]\nlog_dir = /other\n[service a]\ncommand = a\n[service b]\ncommand = b\n");
	assert_int_equal(sim_events("a", "drops"), 2);
	assert_int_equal(fake.log_files, 0);
	assert_null(sim_unit("a")->warnings[UNIT_WARNING_LOG]);
	assert_in_range(unit_log_dropped(sim_unit("a")), 5, 15);
	sim_run(SECOND);
	assert_int_equal(fake.log_files, 2);
	/* One service less. */
	sim_reload("[nemoinit]\nlog_dir = /other\n[service a]\ncommand = a\n");
	sim_run(MINUTE);
	assert_int_equal(fake.log_files, 1);
	sim_reload("[service a]\ncommand = a\n");
	sim_run(MINUTE);
	assert_int_equal(fake.log_files, 0);
	assert_int_equal(sim_events("a", "drops"), 2);
	sim_end();
}

static void test_clock_ends(void **state)
{
	run_pod_at(0);
	run_pod_at(UINT32_MAX - 5 * MINUTE);
	run_pod_at(UINT64_MAX - 24 * (uint64_t)HOUR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pod_start),
		cmocka_unit_test(test_slow_start),
		cmocka_unit_test(test_start_timeout),
		cmocka_unit_test(test_exec_failure),
		cmocka_unit_test(test_fork_failure),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_backoff_growth),
		cmocka_unit_test(test_clean_exits_at_once),
		cmocka_unit_test(test_clean_exit_loop),
		cmocka_unit_test(test_clean_exit_before_ready),
		cmocka_unit_test(test_crash_loop_blocks),
		cmocka_unit_test(test_fatal_exit),
		cmocka_unit_test(test_finished),
		cmocka_unit_test(test_oom),
		cmocka_unit_test(test_oom_of_two),
		cmocka_unit_test(test_survivors),
		cmocka_unit_test(test_unkillable),
		cmocka_unit_test(test_repeated_kill_is_paced),
		cmocka_unit_test(test_status_pipe_held_open),
		cmocka_unit_test(test_hung_gateway),
		cmocka_unit_test(test_block_after_ready),
		cmocka_unit_test(test_watchdog),
		cmocka_unit_test(test_foreign_port),
		cmocka_unit_test(test_stranger_is_not_ready),
		cmocka_unit_test(test_restart_with),
		cmocka_unit_test(test_stale_notification),
		cmocka_unit_test(test_last_words),
		cmocka_unit_test(test_frozen),
		cmocka_unit_test(test_frozen_while_failing),
		cmocka_unit_test(test_starved),
		cmocka_unit_test(test_frozen_backoff),
		cmocka_unit_test(test_frozen_watchdog),
		cmocka_unit_test(test_stop_budget),
		cmocka_unit_test(test_second_term),
		cmocka_unit_test(test_unkillable_at_shutdown),
		cmocka_unit_test(test_dies_late_at_shutdown),
		cmocka_unit_test(test_nothing_starts_in_shutdown),
		cmocka_unit_test(test_shutdown_while_starting),
		cmocka_unit_test(test_shutdown_while_stopping),
		cmocka_unit_test(test_orphans_at_shutdown),
		cmocka_unit_test(test_recover),
		cmocka_unit_test(test_restart_all),
		cmocka_unit_test(test_stop_while_restarting),
		cmocka_unit_test(test_recover_blocked),
		cmocka_unit_test(test_disk_full),
		cmocka_unit_test(test_log_keys_reloaded),
		cmocka_unit_test(test_clock_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
