/*
 * Boot tasks run by themselves, one after the other in the order of the file; one is passed over
 * while none of its services could make use of it, since an earlier one of theirs has failed. A
 * failed one runs again as soon as a service that waits asks for it: those that waited when it
 * failed are blocked, so whoever waits now has come since.
 *
 * All others run on wishes. A start task is wished for by the service that starts, one task at a
 * time; ready and trouble tasks by events. The runs of one kind for one service go one after the
 * other, oldest wish first, and then in the order of the file.
 */
#include "core/task.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/order.h"

int task_list_init(
    struct task_list *list, const struct task_config *configs, size_t count, size_t service_count)
{
	*list = (struct task_list){ .items = calloc(count + 1, sizeof(*list->items)),
		.services = calloc(service_count + 1, sizeof(*list->services)) };
	if (!list->items || !list->services)
		return -ENOMEM;
	list->count = count;
	list->service_count = service_count;
	for (size_t i = 0; i < count; i++)
		list->items[i].config = &configs[i];
	return 0;
}

void task_list_deinit(struct task_list *list)
{
	free(list->items);
	free(list->services);
	*list = (struct task_list){ .items = NULL };
}

static bool task_is_of(const struct task *task, size_t service)
{
	for (size_t i = 0; i < task->config->of.count; i++)
		if (task->config->of_index[i] == service)
			return true;
	return !task->config->of.count;
}

static bool task_is(const struct task *task, enum task_when when)
{
	return task->config->when == when;
}

/* ---- what a service waits for ---- */

/* The first boot task before place `end` that the service must wait for. */
static struct task *boot_before(const struct task_list *list, size_t service, size_t end)
{
	for (size_t i = 0; i < end; i++)
		if (task_is(&list->items[i], TASK_BOOT) && list->items[i].state != TASK_DONE &&
		    task_is_of(&list->items[i], service))
			return &list->items[i];
	return NULL;
}

static struct task *find_before(const struct task_list *list, size_t service, bool is_order_ready)
{
	struct task *boot = boot_before(list, service, list->count);

	if (boot || !is_order_ready)
		return boot;
	for (size_t i = list->services[service].start_place; i < list->count; i++)
		if (task_is(&list->items[i], TASK_START) && task_is_of(&list->items[i], service))
			return &list->items[i];
	return NULL;
}

const struct task *task_list_before(
    const struct task_list *list, size_t service, bool is_order_ready)
{
	return find_before(list, service, is_order_ready);
}

/* ---- wishes ---- */

static bool is_same_wish(const struct task_wish *a, const struct task_wish *b)
{
	return a->service == b->service && a->event == b->event;
}

/* Returns false if there is no room. */
static bool task_wish_for(struct task *task, const struct task_wish *wish)
{
	for (size_t i = 0; i < task->wish_count; i++)
		if (is_same_wish(&task->wishes[i], wish))
			return true;
	if (task->wish_count == TASK_WISHES_MAX)
		return false;
	task->wishes[task->wish_count++] = *wish;
	return true;
}

static struct task_wish task_take_wish(struct task *task, size_t place)
{
	struct task_wish wish = task->wishes[place];

	task->wish_count--;
	for (size_t i = place; i < task->wish_count; i++)
		task->wishes[i] = task->wishes[i + 1];
	return wish;
}

bool task_list_ask(struct task_list *list, size_t service, bool is_order_ready)
{
	struct task *task = find_before(list, service, is_order_ready);
	struct task_wish wish = { .service = (uint16_t)service };
	bool is_running;

	if (!task)
		return is_order_ready;
	if (task_is(task, TASK_BOOT)) {
		if (task->state == TASK_FAILED)
			task->state = TASK_IDLE;
		return false;
	}
	is_running =
	    task->state == TASK_RUNNING && !task->is_cancelled && is_same_wish(&task->wish, &wish);
	wish.number = ++list->last_number;
	/* Without room it asks again when a run has ended. */
	if (!is_running)
		(void)task_wish_for(task, &wish);
	return false;
}

unsigned task_list_tell(struct task_list *list, size_t service, enum task_event event)
{
	enum task_when when = event == TASK_EVENT_READY ? TASK_READY : TASK_TROUBLE;
	struct task_wish wish = { .service = (uint16_t)service, .event = event };
	unsigned dropped = 0;

	wish.number = ++list->last_number;
	for (size_t i = 0; i < list->count; i++)
		if (task_is(&list->items[i], when) && task_is_of(&list->items[i], service))
			dropped += !task_wish_for(&list->items[i], &wish);
	return dropped;
}

unsigned task_list_tell_blocked(struct task_list *list, size_t service, bool is_blocked)
{
	bool was_blocked = list->services[service].is_blocked;

	list->services[service].is_blocked = is_blocked;
	return is_blocked && !was_blocked ? task_list_tell(list, service, TASK_EVENT_BLOCKED) : 0;
}

/* ---- services come and go ---- */

void task_list_enable(struct task_list *list, size_t service, bool is_enabled)
{
	list->services[service].is_enabled = is_enabled;
}

void task_list_enter(struct task_list *list, size_t service)
{
	list->services[service].is_waiting = true;
}

static bool is_waited_for(const struct task_list *list, const struct task *task)
{
	for (size_t i = 0; i < list->service_count; i++)
		if (list->services[i].is_waiting && task_is_of(task, i))
			return true;
	return false;
}

void task_list_leave(struct task_list *list, size_t service, bool has_not_started)
{
	if (!has_not_started)
		list->services[service].start_place = 0;
	if (!list->services[service].is_waiting)
		return;
	list->services[service].is_waiting = false;
	for (size_t i = 0; i < list->count; i++) {
		struct task *task = &list->items[i];

		for (size_t k = task->wish_count; task_is(task, TASK_START) && k-- > 0;)
			if (task->wishes[k].service == service)
				(void)task_take_wish(task, k);
		if (task->state != TASK_RUNNING || !task_is_of(task, service))
			continue;
		if (task_is(task, TASK_START) && task->wish.service == service)
			task->is_cancelled = true;
		if (task_is(task, TASK_BOOT) && !is_waited_for(list, task))
			task->is_cancelled = true;
	}
}

/* ---- runs ---- */

/* Is there a service that could start when this boot task is done, for all that came before? */
static bool is_boot_useful(const struct task_list *list, size_t place)
{
	const struct task *task = &list->items[place];
	bool has_service = false;

	for (size_t i = 0; i < list->service_count; i++) {
		if (!list->services[i].is_enabled || !task_is_of(task, i))
			continue;
		if (!boot_before(list, i, place))
			return true;
		has_service = true;
	}
	/* For nobody in particular it is run too: it stands in the file. */
	return !has_service && !task->config->of.count;
}

static struct task *next_boot(struct task_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (task_is(&list->items[i], TASK_BOOT) && list->items[i].state == TASK_RUNNING)
			return NULL;
	for (size_t i = 0; i < list->count; i++)
		if (task_is(&list->items[i], TASK_BOOT) && list->items[i].state == TASK_IDLE &&
		    is_boot_useful(list, i))
			return &list->items[i];
	return NULL;
}

/* Nothing of this kind runs for its service, and no older wish of that waits. */
static bool is_turn_of(
    const struct task_list *list, const struct task *task, const struct task_wish *wish)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct task *other = &list->items[i];

		if (!task_is(other, task->config->when))
			continue;
		if (other->state == TASK_RUNNING && other->wish.service == wish->service)
			return false;
		for (size_t k = 0; k < other->wish_count; k++)
			if (other->wishes[k].service == wish->service &&
			    (other->wishes[k].number < wish->number ||
				(other->wishes[k].number == wish->number && other < task)))
				return false;
	}
	return true;
}

static bool task_take_turn(const struct task_list *list, struct task *task)
{
	if (task->state == TASK_RUNNING)
		return false;
	for (size_t i = 0; i < task->wish_count; i++) {
		if (!is_turn_of(list, task, &task->wishes[i]))
			continue;
		task->wish = task_take_wish(task, i);
		return true;
	}
	return false;
}

struct task *task_list_next(struct task_list *list)
{
	struct task *next = next_boot(list);

	if (next)
		next->wish = (struct task_wish){ .service = ORDER_NOBODY };
	for (size_t i = 0; !next && i < list->count; i++)
		if (task_take_turn(list, &list->items[i]))
			next = &list->items[i];
	if (next) {
		next->state = TASK_RUNNING;
		next->is_cancelled = false;
	}
	return next;
}

void task_list_end(struct task_list *list, struct task *task, bool is_good)
{
	bool is_over =
	    !task->is_cancelled && (is_good || task->config->on_failure == TASK_CONTINUE);

	if (task_is(task, TASK_BOOT)) {
		task->state = is_over ? TASK_DONE : TASK_FAILED;
		return;
	}
	task->state = TASK_IDLE;
	if (task_is(task, TASK_START) && is_over)
		list->services[task->wish.service].start_place = (size_t)(task - list->items) + 1;
}

bool task_list_is_blocking(const struct task_list *list, const struct task *task, size_t service)
{
	if (task->is_cancelled || task->config->on_failure != TASK_BLOCK ||
	    !list->services[service].is_waiting)
		return false;
	return task_is(task, TASK_BOOT)
		   ? task_is_of(task, service)
		   : task_is(task, TASK_START) && task->wish.service == service;
}

bool task_has_made_way(const struct task *task, size_t service)
{
	return task_is(task, TASK_BOOT) && task->state == TASK_DONE && task_is_of(task, service);
}

/* ---- a reload ---- */

struct task *task_list_find(const struct task_list *list, const char *name, enum task_when when)
{
	for (size_t i = 0; i < list->count; i++)
		if (task_is(&list->items[i], when) &&
		    strcmp(list->items[i].config->name, name) == 0)
			return &list->items[i];
	return NULL;
}

static const struct task *find_same(const struct task_list *list, const struct task *task)
{
	return task_list_find(list, task->config->name, task->config->when);
}

void task_list_take_over(struct task_list *list, const struct task_list *old)
{
	list->last_number = old->last_number;
	for (size_t i = 0; i < list->count; i++) {
		struct task *task = &list->items[i];
		const struct task *before = find_same(old, task);

		if (!before)
			continue;
		task->state = before->state;
		task->is_cancelled = before->is_cancelled || task_is(task, TASK_START);
		task->wish = before->wish;
		task->wish.service = ORDER_NOBODY;
	}
}

void task_list_take_service(
    struct task_list *list, const struct task_list *old, size_t old_service, size_t service)
{
	list->services[service] = old->services[old_service];
	list->services[service].start_place = 0;
	for (size_t i = 0; i < list->count; i++) {
		struct task *task = &list->items[i];
		const struct task *before = find_same(old, task);

		if (!before || task_is(task, TASK_START))
			continue;
		if (before->wish.service == old_service)
			task->wish.service = (uint16_t)service;
		for (size_t k = 0; k < before->wish_count; k++) {
			struct task_wish wish = before->wishes[k];

			if (wish.service != old_service)
				continue;
			wish.service = (uint16_t)service;
			(void)task_wish_for(task, &wish);
		}
	}
}

const char *task_event_to_string(enum task_event event)
{
	switch (event) {
	case TASK_EVENT_NONE: break;
	case TASK_EVENT_READY: return "ready";
	case TASK_EVENT_BLOCKED: return "blocked";
	case TASK_EVENT_CRASH_LOOP: return "crash-loop";
	case TASK_EVENT_COUNT_: break;
	}
	return NULL;
}
