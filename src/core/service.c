/*
 * The service machine.
 *
 * Invariants: a process exists (has_process) only in starting, ready, failing and stopping; there
 * is at most one; a new one begins only after TREE_GONE of the last; a start goes through waiting
 * always, so that order and port are looked at each time.
 *
 *             START    STOP       RESTART   ORDER_READY  EXITED    TREE_GONE  TIMER
 *  disabled   -        -          -         -            -         -          -
 *  stopped    waiting  -          waiting   -            -         -          -
 *  finished   waiting  stopped    waiting   -            -         -          -
 *  waiting    -        stopped    -         DO_START     -         -          -
 *  backoff    waiting  stopped    waiting   -            -         -          waiting
 *  blocked    waiting  stopped    waiting   -            -         -          waiting
 *  starting   -        stopping   stopping  -            stopping  -          probe; stopping 1
 *  ready      -        stopping   stopping  -            stopping  -          probe; stopping 2
 *  failing    -        stopping   stopping  -            stopping  -          probe; stopping 3
 *  stopping   want up  want down  want up   -            end tree  by rule 4  KILL
 *
 *  1 start_timeout  2 watchdog  3 unhealthy or watchdog  4 once the process has been reaped
 *
 *  PORT_FOREIGN, SPAWNED, SPAWN_FAILED answer DO_START: waiting → backoff, starting, backoff.
 *  RECONFIGURE: as RESTART, but waiting is forgiven its past too, disabled → waiting, and what
 *  somebody wants down stays so (stopped; stopping, unless it was to be disabled). DISABLE: as
 *  STOP, but the end is disabled. TASK_FAILED: waiting → blocked. REPAIRED: waiting → waiting, for
 *  order now. EXEC_OK: starting → ready, if nothing else is asked for. PROBE_OK, NOTIFY_READY:
 *  starting and failing → ready (NOTIFY_READY: starting only, where it is the probe; with a port, a
 *  probe that asks who holds that is due then). PROBE_MISS: ready → failing. PROBE_UNKNOWN: no
 *  state, the next probe is planned. FATAL_OUTPUT: starting is never going to be ready.
 *  NOTIFY_STOPPING: starting, ready, failing → stopping, without a signal. ADOPTED: the same three
 *  → starting. KILL: KILL_TREE in stopping. START of what waits or runs forgives its past. All
 *  else: nothing.
 */
#include "core/service.h"

#include "core/service_steps.h"
#include "util/macros.h"

void service_enter(
    struct service *service, enum service_state state, uint64_t now_ms, uint64_t deadline_ms)
{
	if (service->state == SERVICE_READY && state != SERVICE_READY)
		service->was_stable = service->was_stable || service_is_stable(service, now_ms);
	if (service->state != state)
		service->since_ms = now_ms;
	service->state = state;
	service->deadline_ms = deadline_ms;
}

void service_init(struct service *service, const struct service_config *config, uint64_t now_ms)
{
	*service = (struct service){ .config = config,
		.killed_ms = NEVER_MS,
		.probe_stop_ms = NEVER_MS,
		.fatal_output = -1 };
	service->state = config->enabled ? SERVICE_STOPPED : SERVICE_DISABLED;
	service->since_ms = now_ms;
	service->deadline_ms = NEVER_MS;
	health_start(&service->health, config, now_ms);
	health_stop(&service->health);
}

unsigned service_wait(struct service *service, uint64_t now_ms)
{
	service->has_foreign_port = false;
	service_enter(service, SERVICE_WAITING, now_ms, NEVER_MS);
	return SERVICE_DO_CHECK_ORDER;
}

static unsigned service_forgive(struct service *service)
{
	service->failures = 0;
	service->is_crash_loop = false;
	service->blocked = BLOCKED_NOT;
	service->crashes.count = 0;
	return 0;
}

/* A start that somebody asked for: the past is forgiven. */
unsigned service_start_afresh(struct service *service, uint64_t now_ms)
{
	service->is_wanted = service->is_asked = true;
	(void)service_forgive(service);
	service->probe_stop_ms = NEVER_MS;
	return service_wait(service, now_ms);
}

void service_rest(struct service *service, bool is_disabled, uint64_t now_ms)
{
	service->is_wanted = false;
	service->blocked = BLOCKED_NOT;
	service->has_foreign_port = false;
	if (is_disabled) {
		service->is_crash_loop = false;
		service->failures = 0;
	}
	service_enter(service, is_disabled ? SERVICE_DISABLED : SERVICE_STOPPED, now_ms, NEVER_MS);
}

unsigned service_stop(
    struct service *service, enum service_cause cause, uint64_t limit_ms, uint64_t now_ms)
{
	if (limit_ms == 0)
		limit_ms = service->config->stop_timeout_ms;
	service->cause = cause;
	health_stop(&service->health);
	service_enter(service, SERVICE_STOPPING, now_ms, deadline_after(now_ms, limit_ms));
	return SERVICE_DO_STOP_SIGNAL | SERVICE_DO_CANCEL_PROBE;
}

static unsigned service_kill(struct service *service, uint64_t now_ms)
{
	unsigned actions = SERVICE_DO_KILL_TREE;

	service->killed_ms = min_ms(service->killed_ms, now_ms);
	if (!service->is_unkillable && now_ms - service->killed_ms >= SERVICE_UNKILLABLE_MS) {
		service->is_unkillable = true;
		actions |= SERVICE_DO_UNKILLABLE;
	}
	service_enter(
	    service, SERVICE_STOPPING, now_ms, deadline_after(now_ms, SERVICE_KILL_AGAIN_MS));
	return actions;
}

unsigned service_become_ready(struct service *service, uint64_t now_ms)
{
	if (service->fatal_output >= 0)
		return 0;
	service->was_ready = true;
	service->has_said_ready = false;
	service->has_repaired = false;
	service->blocked = BLOCKED_NOT;
	service->ready_ms = now_ms;
	health_ready(&service->health, now_ms);
	service_enter(service, SERVICE_READY, now_ms, NEVER_MS);
	return 0;
}

/* ---- starting ---- */

void service_begin(struct service *service, uint64_t now_ms)
{
	if (service->starts++ && !service->is_asked)
		service->restarts++;
	service->is_asked = false;
	service->has_process = true;
	service->has_failed_exec = service->was_ready = service->was_stable = false;
	service->is_diagnosed = service->has_said_ready = false;
	service->fatal_output = -1;
	service->started_ms = now_ms;
	health_start(&service->health, service->config, now_ms);
	service_enter(service, SERVICE_STARTING, now_ms,
	    deadline_after(now_ms, service->config->start_timeout_ms));
}

static bool service_is_ready_by_exec(const struct service_config *config)
{
	return config->probe.type == PROBE_NONE && !health_probes_start(config);
}

/* ---- events by state ---- */

static unsigned service_while_down(
    struct service *service, const struct service_event *event, uint64_t now_ms)
{
	if (event->type == SERVICE_EV_START || event->type == SERVICE_EV_RESTART ||
	    event->type == SERVICE_EV_RECONFIGURE)
		return service_start_afresh(service, now_ms);
	if (event->type == SERVICE_EV_STOP || event->type == SERVICE_EV_DISABLE) {
		service_rest(service, event->type == SERVICE_EV_DISABLE, now_ms);
		return 0;
	}
	if (event->type == SERVICE_EV_TIMER && now_ms >= service->deadline_ms)
		return service_wait(service, now_ms);
	return 0;
}

static unsigned service_while_waiting(
    struct service *service, const struct service_event *event, uint64_t now_ms)
{
	unsigned actions;

	if (service->is_repairing && event->type != SERVICE_EV_STOP &&
	    event->type != SERVICE_EV_RECONFIGURE && event->type != SERVICE_EV_DISABLE &&
	    event->type != SERVICE_EV_REPAIRED)
		return 0;
	switch (event->type) {
	case SERVICE_EV_STOP:
	case SERVICE_EV_RECONFIGURE:
	case SERVICE_EV_DISABLE:
		actions = service->is_repairing ? SERVICE_DO_CANCEL_REPAIR : 0;
		service->is_repairing = false;
		return actions | service_while_down(service, event, now_ms);
	case SERVICE_EV_REPAIRED:
		if (!service->is_repairing)
			return 0;
		service->is_repairing = false;
		return service_wait(service, now_ms);
	case SERVICE_EV_TASK_FAILED:
		service->blocked = BLOCKED_TASK_FAILED;
		service_enter(service, SERVICE_BLOCKED, now_ms, NEVER_MS);
		return 0;
	case SERVICE_EV_ORDER_READY: return SERVICE_DO_START;
	case SERVICE_EV_SPAWNED: service_begin(service, now_ms); return 0;
	case SERVICE_EV_SPAWN_FAILED:
		return service_on_spawn_failed(service, event->random, now_ms);
	case SERVICE_EV_PORT_FOREIGN:
		service->has_foreign_port = true;
		service_enter(service, SERVICE_BACKOFF, now_ms,
		    deadline_after(now_ms, SERVICE_PORT_RETRY_MS));
		return 0;
	case SERVICE_EV_START:
	case SERVICE_EV_RESTART: return service_forgive(service);
	case SERVICE_EV_KILL:
	case SERVICE_EV_EXEC_OK:
	case SERVICE_EV_EXEC_FAILED:
	case SERVICE_EV_PROBE_OK:
	case SERVICE_EV_PROBE_MISS:
	case SERVICE_EV_PROBE_UNKNOWN:
	case SERVICE_EV_NOTIFY_READY:
	case SERVICE_EV_NOTIFY_WATCHDOG:
	case SERVICE_EV_NOTIFY_STOPPING:
	case SERVICE_EV_FATAL_OUTPUT:
	case SERVICE_EV_ADOPTED:
	case SERVICE_EV_EXITED:
	case SERVICE_EV_TREE_GONE:
	case SERVICE_EV_TIMER:
	case SERVICE_EV_COUNT_: break;
	}
	return 0;
}

/* STOPPING=1: it has its stop_timeout, as if we had asked; but why it ends is its own affair. */
static unsigned service_on_stopping(struct service *service, uint64_t now_ms)
{
	return service_stop(service, SERVICE_CAUSE_NONE, 0, now_ms) & ~SERVICE_DO_STOP_SIGNAL;
}

/* What it writes once it has been ready, or after its end, decides nothing any more. */
static void service_on_fatal_output(struct service *service, const struct service_event *event)
{
	if (service->has_process && !service->was_ready && service->fatal_output < 0)
		service->fatal_output = (int)event->text;
}

static unsigned service_while_running(
    struct service *service, const struct service_event *event, uint64_t now_ms)
{
	const struct service_config *config = service->config;
	bool is_starting = service->state == SERVICE_STARTING;

	switch (event->type) {
	case SERVICE_EV_STOP:
	case SERVICE_EV_RESTART:
	case SERVICE_EV_RECONFIGURE:
	case SERVICE_EV_DISABLE:
		service->is_wanted =
		    event->type == SERVICE_EV_RESTART || event->type == SERVICE_EV_RECONFIGURE;
		return service_stop(service, SERVICE_CAUSE_REQUEST, event->limit_ms, now_ms);
	case SERVICE_EV_EXEC_OK:
		if (is_starting && service_is_ready_by_exec(config))
			return service_become_ready(service, now_ms);
		return 0;
	case SERVICE_EV_NOTIFY_READY: return service_on_notify_ready(service, now_ms);
	case SERVICE_EV_EXEC_FAILED: service_on_exec_failed(service, event); return 0;
	case SERVICE_EV_PROBE_OK: return service_on_probe(service, true, now_ms);
	case SERVICE_EV_PROBE_MISS: return service_on_probe(service, false, now_ms);
	case SERVICE_EV_PROBE_UNKNOWN: health_no_result(&service->health, now_ms); return 0;
	case SERVICE_EV_NOTIFY_WATCHDOG: health_ping(&service->health, now_ms); return 0;
	case SERVICE_EV_NOTIFY_STOPPING: return service_on_stopping(service, now_ms);
	case SERVICE_EV_FATAL_OUTPUT: service_on_fatal_output(service, event); return 0;
	case SERVICE_EV_ADOPTED: return service_on_adopted(service, event, now_ms);
	case SERVICE_EV_EXITED: return service_on_exited(service, event, now_ms);
	case SERVICE_EV_TIMER: return service_on_timer(service, now_ms);
	case SERVICE_EV_START: return service_forgive(service);
	case SERVICE_EV_KILL:
	case SERVICE_EV_ORDER_READY:
	case SERVICE_EV_PORT_FOREIGN:
	case SERVICE_EV_SPAWNED:
	case SERVICE_EV_SPAWN_FAILED:
	case SERVICE_EV_TASK_FAILED:
	case SERVICE_EV_REPAIRED:
	case SERVICE_EV_TREE_GONE:
	case SERVICE_EV_COUNT_: break;
	}
	return 0;
}

static unsigned service_while_stopping(
    struct service *service, const struct service_event *event, uint64_t now_ms)
{
	switch (event->type) {
	case SERVICE_EV_START:
	case SERVICE_EV_RESTART:
		/* It is asked for from here on, whatever stopped it. */
		service->is_wanted = service->is_asked = true;
		return 0;
	case SERVICE_EV_RECONFIGURE:
		/* Unless somebody wants it down; that it was disabled until now is no such wish. */
		service->is_wanted = service->is_asked =
		    service->is_wanted || !service->config->enabled;
		return 0;
	case SERVICE_EV_STOP:
	case SERVICE_EV_DISABLE:
		service->is_wanted = service->is_asked = false;
		if (event->limit_ms) /* a shutdown has less time than stop_timeout */
			service->deadline_ms =
			    min_ms(service->deadline_ms, deadline_after(now_ms, event->limit_ms));
		if (service->cause != SERVICE_CAUSE_NONE || !service->has_process)
			return 0;
		service->cause = SERVICE_CAUSE_REQUEST; /* it was on its way out by itself */
		return SERVICE_DO_STOP_SIGNAL;
	case SERVICE_EV_EXEC_FAILED: service_on_exec_failed(service, event); return 0;
	case SERVICE_EV_FATAL_OUTPUT: service_on_fatal_output(service, event); return 0;
	case SERVICE_EV_EXITED:
		return service->has_process ? service_on_exited(service, event, now_ms) : 0;
	case SERVICE_EV_TREE_GONE:
		return service->has_process ? 0
					    : service_on_tree_gone(service, event->random, now_ms);
	case SERVICE_EV_KILL: return service_kill(service, now_ms);
	case SERVICE_EV_TIMER:
		return now_ms >= service->deadline_ms ? service_kill(service, now_ms) : 0;
	case SERVICE_EV_ORDER_READY:
	case SERVICE_EV_PORT_FOREIGN:
	case SERVICE_EV_SPAWNED:
	case SERVICE_EV_SPAWN_FAILED:
	case SERVICE_EV_EXEC_OK:
	case SERVICE_EV_PROBE_OK:
	case SERVICE_EV_PROBE_MISS:
	case SERVICE_EV_PROBE_UNKNOWN:
	case SERVICE_EV_NOTIFY_READY:
	case SERVICE_EV_NOTIFY_WATCHDOG:
	case SERVICE_EV_NOTIFY_STOPPING:
	case SERVICE_EV_TASK_FAILED:
	case SERVICE_EV_REPAIRED:
	case SERVICE_EV_ADOPTED:
	case SERVICE_EV_COUNT_: break;
	}
	return 0;
}

unsigned service_handle(struct service *service, const struct service_event *event, uint64_t now_ms)
{
	switch (service->state) {
	case SERVICE_STOPPED:
		/* `stop` of what is stopped is no change; it was somebody's wish, and stays one. */
		return event->type == SERVICE_EV_STOP || event->type == SERVICE_EV_RECONFIGURE
			   ? 0
			   : service_while_down(service, event, now_ms);
	case SERVICE_DISABLED:
		return event->type == SERVICE_EV_RECONFIGURE ? service_start_afresh(service, now_ms)
							     : 0;
	case SERVICE_FINISHED:
	case SERVICE_BACKOFF:
	case SERVICE_BLOCKED: return service_while_down(service, event, now_ms);
	case SERVICE_WAITING: return service_while_waiting(service, event, now_ms);
	case SERVICE_STARTING:
	case SERVICE_READY:
	case SERVICE_FAILING: return service_while_running(service, event, now_ms);
	case SERVICE_STOPPING: return service_while_stopping(service, event, now_ms);
	case SERVICE_STATE_COUNT_: break;
	}
	return 0;
}

uint64_t service_deadline_ms(const struct service *service)
{
	return min_ms(min_ms(service->deadline_ms, health_deadline_ms(&service->health)),
	    min_ms(service_unhealthy_ms(service), service_stable_ms(service)));
}

void service_shift(struct service *service, uint64_t gap_ms)
{
	/* The pace of restarts is no matter of health: it keeps its clock. */
	if (!service->has_process && service->state != SERVICE_STOPPING)
		return;
	service->deadline_ms = deadline_after(service->deadline_ms, gap_ms);
	service->killed_ms = deadline_after(service->killed_ms, gap_ms);
	health_shift(&service->health, gap_ms);
}

bool service_is_order_ready(const struct service *service)
{
	return service->state == SERVICE_READY || service->state == SERVICE_DISABLED ||
	       (service->state == SERVICE_FINISHED &&
		   service->last_exit.reason == EXIT_REASON_CLEAN);
}

enum service_state service_shown_state(const struct service *service)
{
	bool is_retry = service->state == SERVICE_WAITING || service->state == SERVICE_STARTING ||
			service->state == SERVICE_STOPPING;

	return service->blocked != BLOCKED_NOT && is_retry ? SERVICE_BLOCKED : service->state;
}
