#include "sim.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/settle.h"
#include "core/config_equal.h"
#include "sim_rules.h"

struct sim sim;

/* ---- reports ---- */

void sim_fail(const char *format, ...)
{
	va_list arguments;

	fprintf(stderr, "seed %llu, step %llu, after %llu ms: ", sim.seed,
	    (unsigned long long)sim.step, (unsigned long long)(fake.now_ms - fake.start_ms));
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	for (size_t i = 0; i < sim.supervisor.unit_count; i++) {
		const struct unit *unit = sim.supervisor.units[i];

		fprintf(stderr, "  %s: %s, pid %d, %u alive\n", unit->config->name,
		    service_state_to_string(unit->service.state), (int)unit->pid,
		    fake_count_alive(sim_place(unit)));
	}
	for (unsigned i = 0; i < FAKE_LOG_LINES; i++) {
		const char *line = fake.log[(fake.log_next + i) % FAKE_LOG_LINES];

		if (line[0])
			fprintf(stderr, "    %s\n", line);
	}
	exit(1);
}

static void on_fault(const char *what)
{
	sim_fail("%s", what);
}

/* ---- life ---- */

size_t sim_place(const struct unit *unit)
{
	return fake_find_service(unit->config->name);
}

static char *environment[] = { NULL };
static char *const *command; /* NULL: none */

static void read_ini(const char *ini, struct config *ret_config)
{
	const struct config_sources sources = { .file = "sim.ini",
		.text = ini,
		.text_bytes = strlen(ini),
		.environment = environment,
		.command = command };
	struct problems errors = { .items = NULL }, warnings = { .items = NULL };

	if (config_build(&sources, ret_config, &errors, &warnings))
		sim_fail("bad configuration: %s", errors.items[0]);
	problems_deinit(&warnings);
	config_forget_text(ret_config);
	ret_config->log_format = LOG_JSON;
	for (size_t i = 0; i < ret_config->service_count; i++)
		if (fake_find_service(ret_config->services[i].name) == FAKE_SERVICES_MAX)
			fake_add_service(
			    ret_config->services[i].name, ret_config->services[i].port);
	for (size_t i = 0; i < ret_config->service_count; i++)
		if (ret_config->services[i].repair.count)
			fake_add_task(ret_config->services[i].repair.items[0]);
	for (size_t i = 0; i < ret_config->task_count; i++)
		fake_add_task(ret_config->tasks[i].command.items[0]);
}

void sim_start(const char *ini, uint64_t start_ms, uint32_t random_seed)
{
	sim_start_command(ini, NULL, start_ms, random_seed);
}

void sim_start_command(const char *ini, char *const *argv, uint64_t start_ms, uint32_t random_seed)
{
	struct problems warnings = { .items = NULL };
	struct supervisor_options options = {
		.config = &sim.config, .environment = environment, .random_seed = random_seed
	};

	command = argv;
	fake_reset(start_ms);
	sim = (struct sim){ .seed = sim.seed, .deadline_ms = NEVER_MS };
	fake.on_fault = on_fault;
	fake.on_event = rules_on_event;
	read_ini(ini, &sim.config);
	if (supervisor_init(&sim.supervisor, &options, &warnings, start_ms))
		sim_fail("no memory");
	for (size_t i = 0; i < sim.supervisor.unit_count; i++)
		sim.shadows[sim_place(sim.supervisor.units[i])].state =
		    sim.supervisor.units[i]->service.state;
	supervisor_start(&sim.supervisor, start_ms);
	sim_wake();
}

/* Those that stand in fresh as they are now, and what they are. */
static size_t list_unchanged(
    const struct config *fresh, struct unit **units, struct service *services)
{
	size_t count = 0;

	for (size_t i = 0; i < fresh->service_count; i++) {
		struct unit *unit = supervisor_find(&sim.supervisor, fresh->services[i].name);

		/* What a task has blocked is tried again when the tasks are others. */
		if (!unit || !service_config_equal(unit->config, &fresh->services[i]) ||
		    unit->service.blocked == BLOCKED_TASK_FAILED)
			continue;
		services[count] = unit->service;
		units[count++] = unit;
	}
	return count;
}

/* A service that is new, or that is again, begins without a past. */
static void forget_shadows(const struct config *fresh)
{
	for (size_t i = 0; i < fresh->service_count; i++) {
		const struct service_config *service = &fresh->services[i];

		if (!supervisor_find_any(&sim.supervisor, service->name))
			sim.shadows[fake_find_service(service->name)] =
			    (struct sim_shadow){ .state = service->enabled ? SERVICE_STOPPED
									   : SERVICE_DISABLED,
				    .since_ms = fake.now_ms };
	}
}

/* The services are there in the order of ini. */
static void check_order(const struct config *config)
{
	for (size_t i = 0; i < config->service_count; i++) {
		const struct unit *unit = sim.supervisor.units[i];

		if (strcmp(unit->config->name, config->services[i].name) != 0)
			sim_fail("%s is not in its place", unit->config->name);
		for (size_t k = 0; k < unit->config->after.count; k++)
			if (strcmp(unit->config->after.items[k],
				config->services[unit->config->after_index[k]].name) != 0)
				sim_fail("%s waits for another", unit->config->name);
	}
}

void sim_reload(const char *ini)
{
	struct unit *units[FAKE_SERVICES_MAX];
	struct service services[FAKE_SERVICES_MAX];
	struct problems warnings = { .items = NULL };
	struct config fresh, copy;
	size_t count;

	read_ini(ini, &fresh);
	read_ini(ini, &copy);
	forget_shadows(&fresh);
	count = list_unchanged(&fresh, units, services);
	if (supervisor_reload(&sim.supervisor, &fresh, &warnings, fake.now_ms))
		sim_fail("a reload fails");
	for (size_t i = 0; i < count; i++)
		if (memcmp(&services[i], &units[i]->service, sizeof(services[i])) != 0)
			sim_fail("%s has not changed, and is touched", units[i]->config->name);
	check_order(&copy);
	config_deinit(&copy);
	/* One that waits changes its past, but not its state. */
	for (size_t i = 0; i < sim.supervisor.unit_count; i++)
		if (sim.supervisor.units[i]->service.is_asked)
			sim.shadows[sim_place(sim.supervisor.units[i])].crashes = 0;
	sim_wake();
}

void sim_end(void)
{
	while (sim.settles) {
		struct settle *settle = sim.settles;

		sim.settles = *settle_next(settle);
		settle_free(settle);
	}
	free(sim.reply);
	sim.reply = NULL;
	supervisor_deinit(&sim.supervisor);
	config_deinit(&sim.config);
	if (fake.fds || fake.watches || fake.probes || fake.jobs || fake.outputs || fake.notifies ||
	    fake.log_files)
		sim_fail("left over: %zu descriptors, %zu watches, %zu probes, %zu jobs, "
			 "%zu outputs, %zu notification sockets, %zu log files",
		    fake.fds, fake.watches, fake.probes, fake.jobs, fake.outputs, fake.notifies,
		    fake.log_files);
}

/* ---- turns ---- */

static void turn_settles(void)
{
	struct settle **place = &sim.settles;

	while (*place) {
		struct settle *settle = *place;

		settle_turn(settle, fake.now_ms);
		if (settle_is_answerable(settle, fake.now_ms) || sim.supervisor.is_stopping) {
			free(sim.reply);
			sim.reply = settle_encode(settle);
			settle_answered(settle);
		}
		if (settle_is_over(settle) || sim.supervisor.is_stopping) {
			*place = *settle_next(settle);
			settle_free(settle);
			continue;
		}
		sim.deadline_ms = min_ms(sim.deadline_ms, settle_deadline_ms(settle));
		place = settle_next(settle);
	}
}

/* The same order as in nemoinit.c. */
void sim_wake(void)
{
	sim.step++;
	sim.turn_ms = fake.now_ms;
	for (int i = 0; i < 4; i++) {
		sim.supervisor.is_changed = false;
		sim.deadline_ms = supervisor_turn(&sim.supervisor, fake.now_ms);
		turn_settles();
		if (!sim.supervisor.is_changed)
			break;
		sim.deadline_ms = fake.now_ms;
	}
	rules_check();
}

void sim_step(uint64_t limit_ms)
{
	uint64_t at_ms = max_ms(min_ms(sim.deadline_ms, fake_next_ms()), fake.now_ms);

	if (at_ms > limit_ms) {
		fake_advance(limit_ms);
		return;
	}
	if (sim.freeze_ms) {
		uint64_t from_ms = sim.supervisor.is_late ? at_ms : sim.turn_ms;

		at_ms += sim.freeze_ms;
		sim.freeze_ms = 0;
		sim.freezes[sim.freeze_count++ % SIM_FREEZES_MAX] =
		    (struct sim_freeze){ .end_ms = at_ms, .length_ms = at_ms - from_ms };
	}
	fake_advance(at_ms);
	supervisor_wake(&sim.supervisor, at_ms);
	if (fake_dispatch())
		supervisor_on_child(&sim.supervisor);
	sim_wake();
}

void sim_run(uint64_t duration_ms)
{
	uint64_t end_ms = deadline_after(fake.now_ms, duration_ms);

	while (fake.now_ms < end_ms)
		sim_step(end_ms);
}

uint64_t sim_run_until(const char *name, enum service_state state, uint64_t limit_ms)
{
	uint64_t start_ms = fake.now_ms, end_ms = deadline_after(start_ms, limit_ms);
	const struct service *service = sim_service(name);

	while (service->state != state) {
		if (fake.now_ms >= end_ms)
			sim_fail("%s is not %s within %llu ms", name,
			    service_state_to_string(state), (unsigned long long)limit_ms);
		sim_step(end_ms);
	}
	return fake.now_ms - start_ms;
}

uint64_t sim_run_down(uint64_t limit_ms)
{
	uint64_t start_ms = fake.now_ms, end_ms = deadline_after(start_ms, limit_ms);

	while (!supervisor_is_down(&sim.supervisor)) {
		if (fake.now_ms >= end_ms)
			sim_fail("not down within %llu ms", (unsigned long long)limit_ms);
		sim_step(end_ms);
	}
	return fake.now_ms - start_ms;
}

void sim_freeze(uint64_t duration_ms)
{
	sim.freeze_ms = duration_ms;
}

uint64_t sim_frozen_since(uint64_t since_ms)
{
	uint64_t sum_ms = 0;

	/* The latest first. */
	for (unsigned i = sim.freeze_count; i && sim.freeze_count - i < SIM_FREEZES_MAX; i--) {
		const struct sim_freeze *freeze = &sim.freezes[(i - 1) % SIM_FREEZES_MAX];

		if (freeze->end_ms < since_ms)
			break;
		sum_ms += min_ms(freeze->length_ms, freeze->end_ms - since_ms);
	}
	return sum_ms;
}

/* ---- access ---- */

struct unit *sim_unit(const char *name)
{
	struct unit *unit = supervisor_find(&sim.supervisor, name);

	if (!unit)
		sim_fail("no service %s", name);
	return unit;
}

struct service *sim_service(const char *name)
{
	return &sim_unit(name)->service;
}

struct fake_child *sim_child(const char *name)
{
	return &fake.services[sim_place(sim_unit(name))].child;
}

struct fake_process *sim_main(const char *name)
{
	return fake_main(sim_place(sim_unit(name)));
}

unsigned sim_events(const char *name, const char *event)
{
	const struct sim_shadow *shadow =
	    &sim.shadows[*name ? sim_place(sim_unit(name)) : FAKE_SERVICES_MAX];

	for (size_t i = 0; i < SIM_EVENTS_MAX; i++)
		if (strcmp(shadow->events[i].name, event) == 0)
			return shadow->events[i].count;
	return 0;
}

/* What runs and is asked to start keeps its state, but not its past. */
static void forget_forgiven(void)
{
	for (size_t i = 0; i < sim.supervisor.unit_count; i++)
		if (!sim.supervisor.units[i]->service.crashes.count)
			sim.shadows[sim_place(sim.supervisor.units[i])].crashes = 0;
}

int sim_request(enum request_op op, const char *service, uint64_t timeout_ms)
{
	struct request request = { .op = op, .timeout_ms = timeout_ms };
	struct settle *settle;
	int result;

	snprintf(request.service, sizeof(request.service), "%s", service);
	free(sim.reply);
	sim.reply = NULL;
	result = settle_new(&sim.supervisor, &request, 1, sim.settles, fake.now_ms, &settle);
	if (result)
		return result;
	*settle_next(settle) = sim.settles;
	sim.settles = settle;
	forget_forgiven();
	sim_wake();
	return 0;
}
