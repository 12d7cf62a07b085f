/*
 * The tasks of three services that come, go and are blocked in any order, with runs that end well
 * or badly. In the end every run ends well, and then nobody waits any more.
 */
#include "fuzz.h"

#include "core/task.h"
#include "util/macros.h"

enum { SERVICES = 3, TASKS_MAX = 5, ROUNDS_MAX = 2000 };

struct world {
	struct task_config configs[TASKS_MAX];
	struct task_list list;
	unsigned running;
};

static char name[] = "t", *names[] = { name, name };
static uint16_t first[] = { 0 }, second[] = { 1 }, outer[] = { 0, 2 };

/* Tasks by choice: when, of whom, and what follows from a failure. */
static void begin(struct world *world, struct bytes *bytes)
{
	uint16_t *const whom[] = { NULL, first, second, outer };
	size_t count = take(bytes, TASKS_MAX + 1);

	*world = (struct world){ .running = 0 };
	for (size_t i = 0; i < count; i++) {
		uint16_t *of = whom[take(bytes, ARRAY_LEN(whom))];

		world->configs[i] = (struct task_config){ .name = name,
			.of = { .items = names,
			    .count = !of           ? 0
				     : of == outer ? 2
						   : 1 },
			.of_index = of,
			.when = take(bytes, 4),
			.on_failure = take(bytes, 2) };
	}
	must(task_list_init(&world->list, world->configs, count, SERVICES) == 0);
	for (size_t i = 0; i < SERVICES; i++)
		task_list_enable(&world->list, i, take(bytes, 4) != 3);
}

static unsigned count_running(const struct world *world, enum task_when when, size_t service)
{
	unsigned count = 0;

	for (size_t i = 0; i < world->list.count; i++) {
		const struct task *task = &world->list.items[i];

		count += task->state == TASK_RUNNING && task->config->when == when &&
			 (when == TASK_BOOT || task->wish.service == service);
	}
	return count;
}

static void check(const struct world *world)
{
	unsigned running = 0;

	for (size_t i = 0; i < world->list.count; i++) {
		const struct task *task = &world->list.items[i];

		must(task->state <= TASK_FAILED && task->wish_count <= TASK_WISHES_MAX);
		running += task->state == TASK_RUNNING;
	}
	must(running == world->running && count_running(world, TASK_BOOT, 0) <= 1);
	for (enum task_when when = TASK_START; when <= TASK_TROUBLE; when++)
		for (size_t i = 0; i < SERVICES; i++)
			must(count_running(world, when, i) <= 1);
}

static bool run_next(struct world *world)
{
	struct task *task = task_list_next(&world->list);

	if (!task)
		return false;
	must(task->state == TASK_RUNNING && !task->is_cancelled);
	must((task->config->when == TASK_BOOT) == (task->wish.service == UINT16_MAX));
	world->running++;
	return true;
}

/* The n-th that runs. */
static void end_run(struct world *world, unsigned n, bool is_good)
{
	for (size_t i = 0; i < world->list.count; i++) {
		struct task *task = &world->list.items[i];

		if (task->state != TASK_RUNNING || n-- != 0)
			continue;
		for (size_t k = 0; k < SERVICES; k++)
			must(!task_list_is_blocking(&world->list, task, k) ||
			     world->list.services[k].is_waiting);
		task_list_end(&world->list, task, is_good);
		must(task->state != TASK_RUNNING);
		world->running--;
		return;
	}
}

static void ask(struct world *world, size_t service, bool is_order_ready)
{
	const struct task *before = task_list_before(&world->list, service, is_order_ready);

	must(task_list_ask(&world->list, service, is_order_ready) == (!before && is_order_ready));
}

static void act(struct world *world, struct bytes *bytes)
{
	unsigned what = take(bytes, 8);
	size_t service = take(bytes, SERVICES);

	switch (what) {
	case 0:
		if (world->list.services[service].is_enabled)
			task_list_enter(&world->list, service);
		break;
	case 1: task_list_leave(&world->list, service, take(bytes, 2)); break;
	case 2:
		if (world->list.services[service].is_waiting)
			ask(world, service, take(bytes, 2));
		break;
	case 3:
		(void)task_list_tell(&world->list, service, TASK_EVENT_READY + take(bytes, 3));
		break;
	case 4: (void)task_list_tell_blocked(&world->list, service, take(bytes, 2)); break;
	case 5: end_run(world, take(bytes, 4), take(bytes, 2)); break;
	case 6: task_list_enable(&world->list, service, take(bytes, 2)); break;
	default: (void)run_next(world); break;
	}
	check(world);
}

static bool is_anybody_waiting(struct world *world)
{
	bool is_waiting = false;

	for (size_t i = 0; i < SERVICES; i++) {
		if (!world->list.services[i].is_waiting)
			continue;
		if (task_list_ask(&world->list, i, true))
			task_list_leave(&world->list, i, false);
		else
			is_waiting = true;
	}
	return is_waiting;
}

/* From now on all goes well. */
static void settle(struct world *world)
{
	for (size_t i = 0; i < SERVICES; i++)
		task_list_enable(&world->list, i, true);
	for (unsigned rounds = 0;; rounds++) {
		bool is_waiting = is_anybody_waiting(world), has_run;

		must(rounds < ROUNDS_MAX);
		has_run = run_next(world) || world->running;
		if (!has_run && !is_waiting)
			break;
		must(has_run); /* else somebody waits for nothing */
		end_run(world, 0, true);
		check(world);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes bytes = { data, size };
	struct world world;

	begin(&world, &bytes);
	while (bytes.left)
		act(&world, &bytes);
	settle(&world);
	task_list_deinit(&world.list);
	return 0;
}
