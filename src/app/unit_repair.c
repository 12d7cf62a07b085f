/* The repair command, which runs once after a fatal exit. */
#include <errno.h>

#include "app/run.h"
#include "app/supervisor.h"
#include "app/unit.h"
#include "core/service_env.h"

static void unit_on_repair_end(void *data, const struct run_end *end, uint64_t now_ms)
{
	struct unit *unit = data;

	/* Somebody may want it up again who has had to wait for the end of a repair cut short. */
	unit->supervisor->is_order_dirty = unit->supervisor->is_changed = true;
	if (!unit->service.is_repairing)
		return;
	supervisor_report(unit->supervisor, end->is_good ? LOG_INFO : LOG_WARN, unit, "repair",
	    "repair command%s: %s; starting again", end->is_good ? "" : " failed", end->words);
	unit_handle(unit, SERVICE_EV_REPAIRED, now_ms);
}

static int unit_begin_repair(struct unit *unit, uint64_t now_ms, struct error *error)
{
	const struct supervisor *supervisor = unit->supervisor;
	const struct service_env given = { .socket = supervisor->socket,
		.path = supervisor->config->path,
		.mark = unit->tree.mark,
		.file = &unit->env_file };
	const struct run_owner owner = { .supervisor = unit->supervisor,
		.name = unit->config->name,
		.mark = unit->tree.mark, /* nothing of the service lives while it runs */
		.speaker = &unit->speaker,
		.handle = unit_on_repair_end,
		.data = unit };
	struct words environment;

	unit_open_log(unit);
	if ((!unit->repair && run_new(&owner, &unit->repair)) ||
	    service_env_build(supervisor->environment, unit->config, &given, &environment))
		return error_set(error, -ENOMEM, "no memory to run it");
	return run_start(unit->repair, &unit->config->repair, &environment, &unit->config->identity,
	    unit->config->working_directory, unit->config->repair_timeout_ms, now_ms, error);
}

void unit_repair(struct unit *unit, uint64_t now_ms)
{
	struct error error;

	/* It will not be started again, so it stays as it is until its turn to be stopped. */
	if (unit->supervisor->is_stopping)
		return;
	if (unit_begin_repair(unit, now_ms, &error))
		unit_on_repair_end(unit, &(struct run_end){ .words = error.message }, now_ms);
}
