/* Which task runs when, and what follows from that (core/task.c). */
#include "test.h"

#include <stdio.h>
#include <string.h>

#include "config_fixture.h"
#include "core/order.h"
#include "core/task.h"
#include "util/macros.h"

#define S "[service a]\ncommand = a\n[service b]\ncommand = b\n[service c]\ncommand = c\n"

enum { A, B, C };

struct world {
	struct fixture fixture;
	struct task_list list;
};

static void begin(struct world *world, const char *text)
{
	fixture_build(&world->fixture, text, NULL, true);
	assert_string_equal(world->fixture.errors.data, "");
	assert_int_equal(task_list_init(&world->list, world->fixture.config.tasks,
			     world->fixture.config.task_count, world->fixture.config.service_count),
	    0);
	for (size_t i = 0; i < world->list.service_count; i++)
		task_list_enable(&world->list, i, world->fixture.config.services[i].enabled);
}

static void end(struct world *world)
{
	task_list_deinit(&world->list);
	fixture_deinit(&world->fixture);
}

static void enter_all(struct world *world)
{
	for (size_t i = 0; i < world->list.service_count; i++)
		task_list_enter(&world->list, i);
}

/* What begins now: `TASK:SERVICE:EVENT `, as far as there is one. */
static const char *next(struct world *world)
{
	static char buffer[256];
	struct text text;
	struct task *task;

	text_init(&text, buffer, sizeof(buffer));
	text_add(&text, "");
	while ((task = task_list_next(&world->list))) {
		text_addf(&text, "%s%s", text.length_bytes ? " " : "", task->config->name);
		if (task->wish.service != ORDER_NOBODY)
			text_addf(
			    &text, ":%s", world->fixture.config.services[task->wish.service].name);
		if (task->wish.event)
			text_addf(&text, ":%s", task_event_to_string(task->wish.event));
	}
	return buffer;
}

static struct task *find(struct world *world, const char *name)
{
	for (size_t i = 0; i < world->list.count; i++)
		if (strcmp(world->list.items[i].config->name, name) == 0)
			return &world->list.items[i];
	fail_msg("no task %s", name);
	return NULL;
}

static void done(struct world *world, const char *name, bool is_good)
{
	struct task *task = find(world, name);

	assert_int_equal(task->state, TASK_RUNNING);
	task_list_end(&world->list, task, is_good);
}

static const char *before(struct world *world, size_t service, bool is_order_ready)
{
	const struct task *task = task_list_before(&world->list, service, is_order_ready);

	return task ? task->config->name : "";
}

/* ---- boot ---- */

static void without_tasks_nobody_waits(void **state)
{
	struct world world;

	begin(&world, S);
	enter_all(&world);
	assert_string_equal(next(&world), "");
	assert_true(task_list_ask(&world.list, A, true));
	assert_false(task_list_ask(&world.list, A, false));
	assert_string_equal(before(&world, A, true), "");
	assert_int_equal(task_list_tell(&world.list, A, TASK_EVENT_READY), 0);
	task_list_leave(&world.list, A, false);
	end(&world);
}

static void boot_tasks_run_once_one_after_the_other(void **state)
{
	struct world world;

	begin(&world, "[task t1]\ncommand = x\nof = a\n[task t2]\ncommand = x\nof = a b\n" S
		      "[task t3]\ncommand = x\nof = b\n");
	enter_all(&world);
	assert_false(task_list_ask(&world.list, A, true));
	assert_true(task_list_ask(&world.list, C, true));
	assert_string_equal(before(&world, A, false), "t1");
	assert_string_equal(before(&world, B, true), "t2");
	assert_string_equal(next(&world), "t1");
	assert_string_equal(next(&world), "");
	assert_false(task_has_made_way(find(&world, "t1"), A));
	done(&world, "t1", true);
	assert_true(task_has_made_way(find(&world, "t1"), A));
	assert_false(task_has_made_way(find(&world, "t1"), B));
	assert_string_equal(next(&world), "t2");
	assert_false(task_list_ask(&world.list, A, true));
	done(&world, "t2", true);
	assert_true(task_list_ask(&world.list, A, true));
	assert_false(task_list_ask(&world.list, B, true));
	assert_string_equal(next(&world), "t3");
	done(&world, "t3", true);
	assert_true(task_list_ask(&world.list, B, true));
	/* A restart is no boot. */
	task_list_leave(&world.list, A, false);
	task_list_enter(&world.list, A);
	assert_true(task_list_ask(&world.list, A, true));
	assert_string_equal(next(&world), "");
	end(&world);
}

static void a_failed_boot_task_blocks_who_waits_and_runs_again_when_asked(void **state)
{
	struct world world;
	struct task *t1;

	begin(&world, "[task t1]\ncommand = x\nof = a b\n[task t2]\ncommand = x\nof = a\n"
		      "[task t3]\ncommand = x\nof = a c\n" S);
	enter_all(&world);
	t1 = find(&world, "t1");
	assert_string_equal(next(&world), "t1");
	done(&world, "t1", false);
	assert_true(task_list_is_blocking(&world.list, t1, A));
	assert_true(task_list_is_blocking(&world.list, t1, B));
	assert_false(task_list_is_blocking(&world.list, t1, C));
	task_list_leave(&world.list, A, false);
	task_list_leave(&world.list, B, false);
	assert_false(task_list_is_blocking(&world.list, t1, A));
	/* t2 would be for a alone, which cannot start; t3 is of use to c. */
	assert_string_equal(next(&world), "t3");
	done(&world, "t3", true);
	assert_string_equal(next(&world), "");
	assert_true(task_list_ask(&world.list, C, true));
	/* Both ask: one run, also while the order is not ready. */
	task_list_enter(&world.list, A);
	task_list_enter(&world.list, B);
	assert_false(task_list_ask(&world.list, A, true));
	assert_false(task_list_ask(&world.list, B, false));
	assert_string_equal(next(&world), "t1");
	assert_false(task_list_ask(&world.list, A, true));
	done(&world, "t1", true);
	assert_false(task_list_is_blocking(&world.list, t1, C));
	assert_string_equal(next(&world), "t2");
	assert_true(task_list_ask(&world.list, B, true));
	done(&world, "t2", true);
	assert_true(task_list_ask(&world.list, A, true));
	end(&world);
}

static void a_failure_that_may_be_is_as_good_as_done(void **state)
{
	struct world world;

	begin(&world, "[task t1]\ncommand = x\non_failure = continue\n"
		      "[task t2]\ncommand = x\nwhen = start\non_failure = continue\n" S);
	enter_all(&world);
	assert_string_equal(next(&world), "t1");
	done(&world, "t1", false);
	assert_false(task_list_is_blocking(&world.list, find(&world, "t1"), A));
	assert_false(task_list_ask(&world.list, A, true));
	assert_string_equal(next(&world), "t2:a");
	done(&world, "t2", false);
	assert_false(task_list_is_blocking(&world.list, find(&world, "t2"), A));
	assert_true(task_list_ask(&world.list, A, true));
	end(&world);
}

static void boot_tasks_of_nobody_who_runs(void **state)
{
	struct world world;

	begin(&world, "[service a]\ncommand = a\nenabled = no\n[task t1]\ncommand = x\nof = a\n"
		      "[task t2]\ncommand = x\n");
	assert_string_equal(next(&world), "t2");
	end(&world);
	begin(&world, "[task t1]\ncommand = x\n[task t2]\ncommand = x\n");
	assert_string_equal(next(&world), "t1");
	done(&world, "t1", false);
	assert_string_equal(next(&world), "t2");
	end(&world);
}

static void a_boot_task_nobody_waits_for_is_cancelled(void **state)
{
	struct world world;
	struct task *task;

	begin(&world, "[task t]\ncommand = x\nof = a b\n" S);
	enter_all(&world);
	task = find(&world, "t");
	assert_string_equal(next(&world), "t");
	task_list_leave(&world.list, C, false);
	task_list_leave(&world.list, A, false);
	assert_false(task->is_cancelled);
	task_list_leave(&world.list, B, false);
	assert_true(task->is_cancelled);
	/* Asked again while it is on its way out: that run counts for nothing. */
	task_list_enter(&world.list, A);
	assert_false(task_list_ask(&world.list, A, true));
	done(&world, "t", true);
	assert_false(task_list_is_blocking(&world.list, task, A));
	assert_string_equal(next(&world), "");
	assert_false(task_list_ask(&world.list, A, true));
	assert_string_equal(next(&world), "t");
	assert_false(task->is_cancelled);
	done(&world, "t", true);
	assert_true(task_list_ask(&world.list, A, true));
	end(&world);
}

/* ---- start ---- */

static void start_tasks_run_before_each_start(void **state)
{
	struct world world;

	begin(&world, "[task boot]\ncommand = x\n[task s1]\ncommand = x\nwhen = start\nof = a\n"
		      "[task s2]\ncommand = x\nwhen = start\n" S);
	enter_all(&world);
	assert_string_equal(next(&world), "boot");
	done(&world, "boot", true);
	for (int i = 0; i < 2; i++) {
		/* Not before everything else is there. */
		assert_false(task_list_ask(&world.list, A, false));
		assert_string_equal(before(&world, A, false), "");
		assert_string_equal(before(&world, A, true), "s1");
		assert_string_equal(next(&world), "");
		assert_false(task_list_ask(&world.list, A, true));
		assert_string_equal(next(&world), "s1:a");
		assert_false(task_list_ask(&world.list, A, true));
		done(&world, "s1", true);
		assert_string_equal(next(&world), "");
		assert_false(task_list_ask(&world.list, A, true));
		assert_string_equal(next(&world), "s2:a");
		done(&world, "s2", true);
		assert_true(task_list_ask(&world.list, A, true));
		assert_string_equal(next(&world), "");
		/* A stranger has its port: nothing has started. */
		task_list_leave(&world.list, A, true);
		task_list_enter(&world.list, A);
		assert_true(task_list_ask(&world.list, A, true));
		task_list_leave(&world.list, A, false);
		task_list_enter(&world.list, A);
	}
	end(&world);
}

static void a_start_task_runs_for_one_service_at_a_time(void **state)
{
	struct world world;
	struct task *task;

	begin(&world, "[task s]\ncommand = x\nwhen = start\n" S);
	enter_all(&world);
	task = find(&world, "s");
	for (size_t i = 0; i < 3; i++)
		assert_false(task_list_ask(&world.list, i, true));
	assert_string_equal(next(&world), "s:a");
	assert_false(task_list_ask(&world.list, B, true));
	done(&world, "s", false);
	assert_true(task_list_is_blocking(&world.list, task, A));
	assert_false(task_list_is_blocking(&world.list, task, B));
	task_list_leave(&world.list, A, false);
	assert_string_equal(next(&world), "s:b");
	/* a again: behind c. */
	task_list_enter(&world.list, A);
	assert_false(task_list_ask(&world.list, A, true));
	done(&world, "s", true);
	assert_true(task_list_ask(&world.list, B, true));
	assert_string_equal(next(&world), "s:c");
	done(&world, "s", true);
	assert_string_equal(next(&world), "s:a");
	done(&world, "s", true);
	assert_true(task_list_ask(&world.list, A, true));
	assert_string_equal(next(&world), "");
	end(&world);
}

static void a_stop_cancels_the_start_task(void **state)
{
	struct world world;
	struct task *task;

	begin(&world, "[task s]\ncommand = x\nwhen = start\n" S);
	enter_all(&world);
	task = find(&world, "s");
	for (size_t i = 0; i < 3; i++)
		(void)task_list_ask(&world.list, i, true);
	assert_string_equal(next(&world), "s:a");
	task_list_leave(&world.list, B, false);
	assert_false(task->is_cancelled);
	task_list_leave(&world.list, A, false);
	assert_true(task->is_cancelled);
	/* Up again before it has gone: a run of its own. */
	task_list_enter(&world.list, A);
	assert_false(task_list_ask(&world.list, A, true));
	done(&world, "s", true);
	assert_false(task_list_is_blocking(&world.list, task, A));
	assert_false(task_list_ask(&world.list, A, true));
	assert_string_equal(next(&world), "s:c");
	done(&world, "s", true);
	assert_string_equal(next(&world), "s:a");
	end(&world);
}

/* ---- ready and trouble ---- */

static void events_run_their_tasks_beside(void **state)
{
	struct world world;

	begin(&world, "[task r]\ncommand = x\nwhen = ready\nof = a b\n[task t]\ncommand = x\nwhen "
		      "= trouble\n" S);
	assert_int_equal(task_list_tell(&world.list, C, TASK_EVENT_READY), 0);
	assert_string_equal(next(&world), "");
	assert_int_equal(task_list_tell(&world.list, A, TASK_EVENT_READY), 0);
	assert_int_equal(task_list_tell(&world.list, A, TASK_EVENT_BLOCKED), 0);
	assert_string_equal(next(&world), "r:a:ready t:a:blocked");
	/* Nobody waits for them. */
	assert_true(task_list_ask(&world.list, A, true));
	task_list_leave(&world.list, A, false);
	assert_false(find(&world, "r")->is_cancelled);
	done(&world, "r", false);
	assert_false(task_list_is_blocking(&world.list, find(&world, "r"), A));
	assert_string_equal(next(&world), "");
	end(&world);
}

static void staying_blocked_is_no_news(void **state)
{
	struct world world;

	begin(&world, "[task t]\ncommand = x\nwhen = trouble\n" S);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(task_list_tell_blocked(&world.list, A, false), 0);
		assert_string_equal(next(&world), "");
		assert_int_equal(task_list_tell_blocked(&world.list, A, true), 0);
		assert_string_equal(next(&world), "t:a:blocked");
		done(&world, "t", true);
		assert_int_equal(task_list_tell_blocked(&world.list, A, true), 0);
		assert_string_equal(next(&world), "");
	}
	end(&world);
}

static void what_is_wanted_meanwhile_runs_once_more_each(void **state)
{
	struct world world;

	begin(&world, "[task t]\ncommand = x\nwhen = trouble\n" S);
	(void)task_list_tell(&world.list, A, TASK_EVENT_CRASH_LOOP);
	assert_string_equal(next(&world), "t:a:crash-loop");
	for (int i = 0; i < 100; i++) {
		assert_int_equal(task_list_tell(&world.list, A, TASK_EVENT_CRASH_LOOP), 0);
		assert_int_equal(task_list_tell(&world.list, B, TASK_EVENT_CRASH_LOOP), 0);
		assert_int_equal(task_list_tell(&world.list, A, TASK_EVENT_BLOCKED), 0);
	}
	assert_string_equal(next(&world), "");
	done(&world, "t", true);
	assert_string_equal(next(&world), "t:a:crash-loop");
	done(&world, "t", true);
	assert_string_equal(next(&world), "t:b:crash-loop");
	done(&world, "t", true);
	assert_string_equal(next(&world), "t:a:blocked");
	done(&world, "t", true);
	assert_string_equal(next(&world), "");
	end(&world);
}

static void tasks_of_a_kind_run_in_order_for_one_service(void **state)
{
	struct world world;

	begin(&world,
	    "[task r1]\ncommand = x\nwhen = ready\n[task r2]\ncommand = x\nwhen = ready\n" S);
	(void)task_list_tell(&world.list, A, TASK_EVENT_READY);
	assert_string_equal(next(&world), "r1:a:ready");
	(void)task_list_tell(&world.list, B, TASK_EVENT_READY);
	assert_string_equal(next(&world), "");
	/* However often the first is wanted again, the second gets its turn. */
	(void)task_list_tell(&world.list, A, TASK_EVENT_READY);
	done(&world, "r1", true);
	assert_string_equal(next(&world), "r1:b:ready r2:a:ready");
	done(&world, "r1", true);
	assert_string_equal(next(&world), "");
	done(&world, "r2", true);
	assert_string_equal(next(&world), "r1:a:ready r2:b:ready");
	done(&world, "r1", true);
	done(&world, "r2", true);
	assert_string_equal(next(&world), "");
	end(&world);
}

static void too_many_wishes_are_counted(void **state)
{
	struct world world;
	struct text text;

	text_init_heap(&text, 8192);
	text_add(
	    &text, "[task r]\ncommand = x\nwhen = ready\n[task s]\ncommand = x\nwhen = start\n");
	for (unsigned i = 0; i < TASK_WISHES_MAX + 2; i++)
		text_addf(&text, "[service s%u]\ncommand = x\n", i);
	begin(&world, text.data);
	enter_all(&world);
	for (unsigned i = 0; i < TASK_WISHES_MAX; i++)
		assert_int_equal(task_list_tell(&world.list, i, TASK_EVENT_READY), 0);
	assert_int_equal(task_list_tell(&world.list, TASK_WISHES_MAX, TASK_EVENT_READY), 1);
	assert_int_equal(task_list_tell(&world.list, 0, TASK_EVENT_READY), 0);
	/* Who has to start asks until there is room. */
	for (unsigned i = 0; i < TASK_WISHES_MAX + 2; i++)
		assert_false(task_list_ask(&world.list, i, true));
	for (unsigned i = 0; i < TASK_WISHES_MAX + 2; i++) {
		(void)next(&world);
		done(&world, "s", true);
		assert_true(task_list_ask(&world.list, i, true));
		for (unsigned k = i; k < TASK_WISHES_MAX + 2; k++)
			(void)task_list_ask(&world.list, k, true);
	}
	end(&world);
	text_deinit(&text);
}

static void events_have_names(void **state)
{
	static const char *const names[] = { NULL, "ready", "blocked", "crash-loop" };

	assert_int_equal(ARRAY_LEN(names), TASK_EVENT_COUNT_);
	assert_null(task_event_to_string(TASK_EVENT_NONE));
	for (unsigned i = 1; i < TASK_EVENT_COUNT_; i++)
		assert_string_equal(task_event_to_string(i), names[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_tasks_nobody_waits),
		cmocka_unit_test(boot_tasks_run_once_one_after_the_other),
		cmocka_unit_test(a_failed_boot_task_blocks_who_waits_and_runs_again_when_asked),
		cmocka_unit_test(a_failure_that_may_be_is_as_good_as_done),
		cmocka_unit_test(boot_tasks_of_nobody_who_runs),
		cmocka_unit_test(a_boot_task_nobody_waits_for_is_cancelled),
		cmocka_unit_test(start_tasks_run_before_each_start),
		cmocka_unit_test(a_start_task_runs_for_one_service_at_a_time),
		cmocka_unit_test(a_stop_cancels_the_start_task),
		cmocka_unit_test(events_run_their_tasks_beside),
		cmocka_unit_test(staying_blocked_is_no_news),
		cmocka_unit_test(what_is_wanted_meanwhile_runs_once_more_each),
		cmocka_unit_test(tasks_of_a_kind_run_in_order_for_one_service),
		cmocka_unit_test(too_many_wishes_are_counted),
		cmocka_unit_test(events_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
