/*
 * The service machine, told anything at any time: first the kind of service, then events with the
 * time between them. Whatever has happened, a stop ends it, and a start brings it up again.
 */
#include "fuzz.h"

#include "core/service.h"
#include "util/macros.h"

enum { ACTIONS_ALL = (1 << 12) - 1 };

struct world {
	struct service_config config;
	struct service service;
	uint64_t now_ms;
};

static char repair[] = "repair", *repair_words[] = { repair };

static void configure(struct service_config *config, struct bytes *bytes)
{
	static const enum probe_type probes[] = { PROBE_NONE, PROBE_HTTP, PROBE_EXEC,
		PROBE_NOTIFY };

	*config = (struct service_config){ .probe = { .type = probes[take(bytes, 4)] },
		.restart = take(bytes, 3),
		.crash_action = take(bytes, 2),
		.unhealthy_action = take(bytes, 2),
		.port = take(bytes, 2) ? 80 : 0,
		.watchdog_ms = take(bytes, 2) ? 3000 : 0,
		.crash_limit = { .count = 1 + take(bytes, 5), .window_ms = 600000 },
		.fatal_exit_codes = { .bits = { [78 / 32] = 1u << 78 % 32 } },
		.restart_delay_ms = take(bytes, 2) ? 500 : 0,
		.restart_delay_max_ms = take(bytes, 2) ? 60000 : 0,
		.stable_after_ms = 60000,
		.fatal_retry_ms = take(bytes, 2) ? 300000 : 0,
		.start_timeout_ms = 20000,
		.stop_timeout_ms = 5000,
		.probe_interval_ms = 10000,
		.probe_timeout_ms = 5000,
		.probe_start_interval_ms = 1000,
		.probe_retry_interval_ms = 2000,
		.unhealthy_after_ms = 45000,
		.probe_restart_interval_ms = take(bytes, 2) ? 100000 : 0,
		.repair = { .items = repair_words, .count = take(bytes, 2) },
		.enabled = take(bytes, 4) != 0 };
}

static bool is_up(enum service_state state)
{
	return state == SERVICE_STARTING || state == SERVICE_READY || state == SERVICE_FAILING;
}

static void check_actions(const struct world *world, const struct service *before,
    enum service_event_type event, unsigned actions)
{
	const struct service *service = &world->service;

	must(!(actions & ~(unsigned)ACTIONS_ALL));
	if (actions & SERVICE_DO_CHECK_ORDER)
		must(service->state == SERVICE_WAITING && !service->is_repairing);
	if (actions & SERVICE_DO_START)
		must(service->state == SERVICE_WAITING && !service->has_process &&
		     event == SERVICE_EV_ORDER_READY);
	if (actions & SERVICE_DO_STOP_SIGNAL)
		must(service->state == SERVICE_STOPPING && service->has_process);
	if (actions & SERVICE_DO_END_TREE)
		must(service->state == SERVICE_STOPPING && !service->has_process &&
		     event == SERVICE_EV_EXITED);
	if (actions & SERVICE_DO_KILL_TREE)
		must(service->state == SERVICE_STOPPING && service->killed_ms != NEVER_MS);
	if (actions & SERVICE_DO_PROBE)
		must(is_up(service->state));
	if (actions & SERVICE_DO_REPAIR)
		must(service->state == SERVICE_WAITING && service->is_repairing &&
		     service->config->repair.count);
	if (service->is_crash_loop && !before->is_crash_loop)
		must(actions & SERVICE_DO_CRASH_LOOP);
	if (before->is_repairing && !service->is_repairing)
		must(actions & SERVICE_DO_CANCEL_REPAIR || event == SERVICE_EV_REPAIRED);
}

static void check_state(
    const struct world *world, const struct service *before, enum service_event_type event)
{
	const struct service *service = &world->service;

	must(service->state < SERVICE_STATE_COUNT_ &&
	     service_shown_state(service) < SERVICE_STATE_COUNT_);
	must(service->since_ms ==
	     (service->state == before->state ? before->since_ms : world->now_ms));
	must(!is_up(service->state) || service->has_process);
	must(!service->has_process || is_up(service->state) || service->state == SERVICE_STOPPING);
	must(service->has_process == before->has_process || event == SERVICE_EV_SPAWNED ||
	     event == SERVICE_EV_EXITED);
	must(service->state != SERVICE_BLOCKED || service->blocked != BLOCKED_NOT);
	must((service->state != SERVICE_STOPPED && service->state != SERVICE_DISABLED) ||
	     !service->is_wanted);
	must(service->state != SERVICE_WAITING || service->is_wanted);
	must(service->restarts <= service->starts && service->restarts - before->restarts <= 1);
	must(service->starts == before->starts || event == SERVICE_EV_SPAWNED ||
	     event == SERVICE_EV_ADOPTED);
	if (service->state != SERVICE_READY || before->state == SERVICE_READY)
		return;
	must(service->fatal_output < 0);
	must(event == SERVICE_EV_PROBE_OK ||
	     (event == SERVICE_EV_NOTIFY_READY && !service->config->port) ||
	     (event == SERVICE_EV_EXEC_OK && !service->config->port));
}

static unsigned tell(struct world *world, const struct service_event *event)
{
	const struct service before = world->service;
	unsigned actions = service_handle(&world->service, event, world->now_ms);

	check_actions(world, &before, event->type, actions);
	check_state(world, &before, event->type);
	return actions;
}

static unsigned say(struct world *world, enum service_event_type type)
{
	return tell(world, &(struct service_event){ .type = type, .random = 1u << 31 });
}

/* A deadline that has come is behind us once it has been handled. */
static unsigned let_timer_come(struct world *world)
{
	unsigned actions = 0;

	world->now_ms = max_ms(world->now_ms, service_deadline_ms(&world->service));
	for (unsigned i = 0; service_deadline_ms(&world->service) <= world->now_ms; i++) {
		must(i < 4);
		actions |= say(world, SERVICE_EV_TIMER);
	}
	return actions;
}

static void pass_time(struct world *world, struct bytes *bytes)
{
	static const uint64_t steps_ms[] = { 0, 1, 500, 2000, 10000, 60000, 700000 };
	unsigned step = take(bytes, ARRAY_LEN(steps_ms) + 2);

	if (step < ARRAY_LEN(steps_ms))
		world->now_ms += steps_ms[step];
	else if (step > ARRAY_LEN(steps_ms))
		service_shift(&world->service, 1000);
	else if (service_deadline_ms(&world->service) != NEVER_MS)
		(void)let_timer_come(world);
}

static void act(struct world *world, struct bytes *bytes)
{
	static const int codes[] = { 0, 1, 75, 78, 9 };
	struct service_event event = { .type = take(bytes, SERVICE_EV_COUNT_ + 1) };

	if (event.type == SERVICE_EV_COUNT_) {
		pass_time(world, bytes);
		return;
	}
	if (event.type == SERVICE_EV_EXITED || event.type == SERVICE_EV_ADOPTED) {
		unsigned how = take(bytes, ARRAY_LEN(codes));

		event.exit =
		    (struct exit_info){ .by_signal = codes[how] == 9, .value = codes[how] };
		event.is_oom = event.exit.by_signal && take(bytes, 2);
	}
	if (event.type == SERVICE_EV_STOP)
		event.limit_ms = take(bytes, 2) * 1000;
	if (event.type == SERVICE_EV_TREE_GONE || event.type == SERVICE_EV_SPAWN_FAILED)
		event.random = take(bytes, 4) << 30;
	/* The shell makes a process only when it is told to. */
	if (event.type == SERVICE_EV_SPAWNED && world->service.is_repairing)
		return;
	(void)tell(world, &event);
}

/* Whatever ignores TERM, KILL comes, and then it is down. */
static void bring_down(struct world *world)
{
	unsigned actions = say(world, SERVICE_EV_STOP);

	for (unsigned i = 0; world->service.has_process && !(actions & SERVICE_DO_KILL_TREE); i++) {
		must(i < 3);
		actions = let_timer_come(world);
	}
	if (world->service.state == SERVICE_STOPPING) {
		(void)say(world, SERVICE_EV_EXITED);
		(void)say(world, SERVICE_EV_TREE_GONE);
	}
	must(world->service.state == SERVICE_STOPPED || world->service.state == SERVICE_DISABLED);
	must(service_deadline_ms(&world->service) == NEVER_MS);
}

static void bring_up(struct world *world)
{
	bool is_disabled = world->service.state == SERVICE_DISABLED;
	unsigned actions = say(world, is_disabled ? SERVICE_EV_RECONFIGURE : SERVICE_EV_START);

	must(actions & SERVICE_DO_CHECK_ORDER);
	must(say(world, SERVICE_EV_ORDER_READY) & SERVICE_DO_START);
	(void)say(world, SERVICE_EV_SPAWNED);
	(void)say(world, SERVICE_EV_EXEC_OK);
	(void)say(world, SERVICE_EV_NOTIFY_READY);
	for (unsigned i = 0; world->service.state != SERVICE_READY; i++) {
		must(i < 3);
		if (let_timer_come(world) & SERVICE_DO_PROBE)
			(void)say(world, SERVICE_EV_PROBE_OK);
	}
	must(service_is_order_ready(&world->service) && !world->service.failures);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes bytes = { data, size };
	struct world world = { .now_ms = 1000000 };

	configure(&world.config, &bytes);
	service_init(&world.service, &world.config, world.now_ms);
	while (bytes.left)
		act(&world, &bytes);
	bring_down(&world);
	bring_up(&world);
	return 0;
}
