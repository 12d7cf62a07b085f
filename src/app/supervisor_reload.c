/*
 * Another configuration while everything goes on (spec 30 part 3).
 *
 * A unit that runs keeps its own_config until it is told to stop: what runs is stopped in the way
 * it was started with. What is to be stopped is told level by level, `after` others first, each
 * level when the one above is down. Only `after`, after_index and level are those of the new
 * configuration at once, for every unit: they are places in it.
 */
#include <errno.h>
#include <stdlib.h>

#include "app/supervisor.h"
#include "app/tasks.h"
#include "core/config_equal.h"
#include "io/cgroup.h"
#include "util/macros.h"
#include "util/text.h"

enum {
	NAMES_BYTES = 200,
};

/* ---- what has changed, in words ---- */

struct change_list {
	const char *what;
	unsigned count;
	char names[NAMES_BYTES];
	struct text text; /* over names */
};

struct changes {
	struct change_list changed, added, removed;
	unsigned unchanged;
};

static void change_list_init(struct change_list *list, const char *what)
{
	list->what = what;
	list->count = 0;
	text_init(&list->text, list->names, sizeof(list->names));
}

static void change_list_add(struct change_list *list, const struct unit *unit)
{
	text_addf(&list->text, "%s%s", list->count ? ", " : "", unit->config->name);
	list->count++;
}

static void change_list_describe(const struct change_list *list, struct text *out)
{
	if (list->count)
		text_addf(out, "%u %s (%s%s), ", list->count, list->what, list->names,
		    list->text.truncated ? "…" : "");
}

static void changes_report(struct supervisor *supervisor, const struct changes *changes)
{
	char buffer[4 * NAMES_BYTES];
	struct text text;

	text_init(&text, buffer, sizeof(buffer));
	change_list_describe(&changes->changed, &text);
	change_list_describe(&changes->added, &text);
	change_list_describe(&changes->removed, &text);
	supervisor_report(supervisor, LOG_INFO, NULL, "reload", "reload: %s%u unchanged", buffer,
	    changes->unchanged);
}

/* ---- one unit ---- */

static void swap_configs(struct service_config *a, struct service_config *b)
{
	struct service_config kept = *a;

	*a = *b;
	*b = kept;
}

/* What belongs to the whole configuration. */
static void swap_order(struct service_config *a, struct service_config *b)
{
	struct words after = a->after;
	uint16_t *after_index = a->after_index;
	uint16_t level = a->level;

	a->after = b->after;
	a->after_index = b->after_index;
	a->level = b->level;
	b->after = after;
	b->after_index = after_index;
	b->level = level;
}

static void unit_drop_next(struct unit *unit)
{
	service_config_deinit(&unit->next_config);
	unit->next_config = (struct service_config){ .name = NULL };
}

/* From a change that was due or has come, or from none, to one that is. */
static void unit_set_due(struct unit *unit)
{
	if (unit->change == UNIT_CHANGE_NONE)
		unit->change_level = unit->config->level;
	unit_drop_next(unit);
	unit->change = UNIT_CHANGE_DUE;
}

/* It is on its way down, and nothing of what it was counts any more. */
static void unit_come_back(struct unit *unit, struct service_config *fresh, uint64_t now_ms)
{
	unit->is_removed = false;
	swap_configs(&unit->own_config, fresh);
	if (!unit->config->enabled) {
		unit_handle(unit, SERVICE_EV_DISABLE, now_ms);
		return;
	}
	unit_handle(unit, SERVICE_EV_RECONFIGURE, now_ms); /* what was disabled */
	unit_handle(unit, SERVICE_EV_START, now_ms);
}

/* Returns whether there is something to be changed. Leaves in fresh what is to be freed. */
static bool unit_take_config(struct unit *unit, struct service_config *fresh, bool has_new_tasks)
{
	/* What a task has blocked is mended by another task. */
	bool is_same = service_config_equal(unit->config, fresh) &&
		       !(has_new_tasks && unit->service.blocked == BLOCKED_TASK_FAILED);

	unit->is_removed = false;
	if (!is_same)
		unit_set_due(unit);
	else if (unit->change == UNIT_CHANGE_DUE)
		unit->change = UNIT_CHANGE_NONE;
	swap_order(&unit->own_config, fresh);
	if (is_same)
		unit_drop_next(unit);
	else
		swap_configs(&unit->next_config, fresh);
	return !is_same;
}

static void unit_leave(struct unit *unit)
{
	if (unit->is_removed)
		return;
	unit_set_due(unit);
	unit->is_removed = true;
}

static bool unit_is_up(const struct unit *unit)
{
	enum service_state state = unit->service.state;

	return state == SERVICE_STARTING || state == SERVICE_READY || state == SERVICE_FAILING;
}

static void unit_apply_change(struct unit *unit, uint64_t now_ms)
{
	unit->change = UNIT_CHANGE_NONE;
	if (unit->is_removed) {
		unit_stop(unit, 0, now_ms);
	} else {
		unit_handle(unit,
		    unit->next_config.enabled ? SERVICE_EV_RECONFIGURE : SERVICE_EV_DISABLE,
		    now_ms);
		swap_order(&unit->own_config, &unit->next_config);
		swap_configs(&unit->own_config, &unit->next_config);
		unit_drop_next(unit);
	}
	if (unit->service.state == SERVICE_STOPPING)
		unit->change = UNIT_CHANGE_STOPPING;
}

/* ---- the reload ---- */

/* The unit for each of the services, the new ones included. -ENOMEM: nothing is left behind. */
static int find_units(
    struct supervisor *supervisor, struct config *fresh, struct unit **units, uint64_t now_ms)
{
	for (size_t i = 0; i < fresh->service_count; i++) {
		struct service_config *service = &fresh->services[i];

		units[i] = supervisor_find_any(supervisor, service->name);
		if (!units[i])
			units[i] = unit_new(supervisor, service, i, now_ms);
		if (units[i])
			continue;
		while (i-- > 0)
			if (!fresh->services[i].name)
				unit_release(units[i]);
		return -ENOMEM;
	}
	return 0;
}

/* Puts units in force; those that are not among them go to the end. */
static void place_units(struct supervisor *supervisor, struct unit **units, size_t count)
{
	struct unit **old = supervisor->units;
	size_t old_count = supervisor->unit_count;

	for (size_t i = 0; i < old_count; i++)
		old[i]->place = SIZE_MAX;
	for (size_t i = 0; i < count; i++)
		units[i]->place = i;
	supervisor->leaving_count = 0;
	for (size_t i = 0; i < old_count; i++) {
		if (old[i]->place != SIZE_MAX)
			continue;
		old[i]->place = count + supervisor->leaving_count++;
		units[old[i]->place] = old[i];
	}
	supervisor->units = units;
	supervisor->unit_count = count + supervisor->leaving_count;
	free(old);
}

static void take_services(
    struct supervisor *supervisor, struct config *fresh, struct changes *changes, uint64_t now_ms)
{
	bool has_new_tasks = !config_tasks_equal(supervisor->config, fresh);

	for (size_t i = 0; i < fresh->service_count; i++) {
		struct unit *unit = supervisor->units[i];

		if (!fresh->services[i].name) { /* the unit has it: it is new */
			change_list_add(&changes->added, unit);
			unit_handle(unit, SERVICE_EV_START, now_ms);
		} else if (unit->is_removed && unit->change != UNIT_CHANGE_DUE) {
			change_list_add(&changes->added, unit);
			unit_come_back(unit, &fresh->services[i], now_ms);
		} else if (unit_take_config(unit, &fresh->services[i], has_new_tasks)) {
			change_list_add(&changes->changed, unit);
		} else {
			changes->unchanged++;
		}
	}
	for (size_t i = fresh->service_count; i < supervisor->unit_count; i++) {
		if (!supervisor->units[i]->is_removed)
			change_list_add(&changes->removed, supervisor->units[i]);
		unit_leave(supervisor->units[i]);
	}
}

/* All but the services; the old one is freed. */
static void take_rest(
    struct supervisor *supervisor, struct config *fresh, struct problems *warnings, uint64_t now_ms)
{
	size_t count;

	config_keep_fixed(supervisor->config, fresh, warnings);
	for (size_t i = 0; i < supervisor->unit_count; i++)
		if (!config_logs_equal(supervisor->config, fresh))
			unit_close_log(supervisor->units[i], now_ms);
	config_forget_services(fresh);
	config_deinit(supervisor->config);
	*supervisor->config = *fresh;
	*fresh = (struct config){ .file = NULL };
	count = warnings->count;
	problems_replace_first(&supervisor->warnings, supervisor->config_warnings, warnings);
	supervisor->config_warnings = count;
}

int supervisor_reload(
    struct supervisor *supervisor, struct config *fresh, struct problems *warnings, uint64_t now_ms)
{
	struct unit **units =
	    calloc(fresh->service_count + supervisor->unit_count + 1, sizeof(*units));
	struct changes changes = { .unchanged = 0 };
	struct tasks *tasks = NULL;

	if (!units ||
	    tasks_new(supervisor, fresh, fresh->service_count + supervisor->unit_count, &tasks) ||
	    find_units(supervisor, fresh, units, now_ms)) {
		tasks_free(&tasks);
		free(units);
		return -ENOMEM;
	}
	change_list_init(&changes.changed, "changed");
	change_list_init(&changes.added, "added");
	change_list_init(&changes.removed, "removed");
	tasks_replace(supervisor, tasks, units, fresh->service_count);
	place_units(supervisor, units, fresh->service_count);
	take_services(supervisor, fresh, &changes, now_ms);
	take_rest(supervisor, fresh, warnings, now_ms);
	changes_report(supervisor, &changes);
	supervisor_report_warnings(supervisor, supervisor->config_warnings);
	supervisor->reloads++;
	supervisor->is_reloading = supervisor->is_order_dirty = supervisor->is_changed = true;
	/* At once for all that does not run. */
	supervisor_turn_reload(supervisor, now_ms);
	return 0;
}

/* ---- what is left to be done ---- */

/* The highest level of which something is due or on its way down; -1: none. */
static int reload_level(struct supervisor *supervisor, uint64_t now_ms)
{
	int level = -1;

	for (size_t i = 0; i < supervisor->unit_count; i++) {
		struct unit *unit = supervisor->units[i];

		if (unit->change == UNIT_CHANGE_DUE && !unit_is_up(unit))
			unit_apply_change(unit, now_ms);
		/* What KILL does not end must not hold up the rest. */
		if (unit->change == UNIT_CHANGE_STOPPING &&
		    (unit->service.state != SERVICE_STOPPING || unit->service.is_unkillable))
			unit->change = UNIT_CHANGE_NONE;
		if (unit->change != UNIT_CHANGE_NONE && unit->change_level > level)
			level = unit->change_level;
	}
	return level;
}

/* Those that have left and are down. */
static void forget_units(struct supervisor *supervisor)
{
	size_t kept = supervisor->unit_count - supervisor->leaving_count;

	for (size_t i = kept; i < supervisor->unit_count; i++) {
		struct unit *unit = supervisor->units[i];

		if (unit_is_down(unit) && cgroup_remove(&unit->tree.cgroup)) {
			supervisor->leaving_count--;
			unit_close(unit);
			if (supervisor->on_line)
				supervisor->on_line(
				    supervisor->on_line_data, unit->config->name, NULL);
			unit_release(unit);
			continue;
		}
		unit->place = kept;
		supervisor->units[kept++] = unit;
	}
	supervisor->unit_count = kept;
}

void supervisor_turn_reload(struct supervisor *supervisor, uint64_t now_ms)
{
	int level;

	if (!supervisor->is_reloading || supervisor->is_stopping)
		return;
	level = reload_level(supervisor, now_ms);
	for (size_t i = 0; i < supervisor->unit_count; i++) {
		struct unit *unit = supervisor->units[i];

		if (unit->change == UNIT_CHANGE_DUE && unit->change_level == level)
			unit_apply_change(unit, now_ms);
	}
	forget_units(supervisor);
	supervisor->is_reloading = level >= 0 || supervisor->leaving_count;
}
