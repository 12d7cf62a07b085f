#include "core/health.h"

#include "core/config.h"
#include "util/macros.h"

static bool is_probed(const struct service_config *config)
{
	return config->probe.type == PROBE_HTTP || config->probe.type == PROBE_TCP ||
	       config->probe.type == PROBE_WS || config->probe.type == PROBE_EXEC;
}

bool health_probes_start(const struct service_config *config)
{
	/* Without a probe of its own, a service with a port is asked whether it holds it. */
	return is_probed(config) || (config->probe.type == PROBE_NONE && config->port);
}

/* Counted from the end of the last probe. */
static void health_schedule(struct health_clock *health, uint64_t interval_ms, uint64_t now_ms)
{
	if (health->config->probe.type == PROBE_EXEC)
		interval_ms = max_ms(interval_ms, HEALTH_EXEC_REST * health->duration_ms);
	health->probe_ms = deadline_after(now_ms, interval_ms);
}

void health_start(struct health_clock *health, const struct service_config *config, uint64_t now_ms)
{
	*health = (struct health_clock){
		.config = config, .probe_ms = NEVER_MS, .watchdog_ms = NEVER_MS
	};
	if (health_probes_start(config))
		health->probe_ms = deadline_after(
		    now_ms, min_ms(HEALTH_FIRST_PROBE_MS, config->probe_start_interval_ms));
}

void health_stop(struct health_clock *health)
{
	health->is_ready = health->is_probing = false;
	health->probe_ms = health->watchdog_ms = NEVER_MS;
}

void health_ready(struct health_clock *health, uint64_t now_ms)
{
	health->is_ready = true;
	health->misses = 0;
	health->last_ok_ms = now_ms;
	health->probe_ms = NEVER_MS;
	if (is_probed(health->config))
		health_schedule(health, health->config->probe_interval_ms, now_ms);
	health_ping(health, now_ms);
}

bool health_is_probe_due(struct health_clock *health, uint64_t now_ms)
{
	if (health->probe_ms > now_ms)
		return false;
	health->probe_ms = NEVER_MS;
	health->began_ms = now_ms;
	health->is_probing = true;
	health->discard = false;
	return true;
}

void health_ask(struct health_clock *health, uint64_t now_ms)
{
	if (!health->is_probing)
		health->probe_ms = now_ms;
}

static uint64_t next_interval_ms(const struct health_clock *health, bool ok)
{
	if (!health->is_ready)
		return health->config->probe_start_interval_ms;
	return ok ? health->config->probe_interval_ms : health->config->probe_retry_interval_ms;
}

static void health_end(struct health_clock *health, bool ok, uint64_t now_ms)
{
	health->is_probing = false;
	if (!health->discard) /* else nobody knows how much of it was our own doing */
		health->duration_ms = now_ms - health->began_ms;
	health_schedule(health, next_interval_ms(health, ok), now_ms);
}

bool health_result(struct health_clock *health, bool ok, uint64_t now_ms)
{
	if (!health->is_probing)
		return false; /* a straggler of an earlier start */
	health_end(health, ok, now_ms);
	if (!ok && health->discard)
		return false;
	if (ok)
		health->last_ok_ms = now_ms;
	health->misses = ok ? 0 : health->misses + 1;
	return true;
}

void health_no_result(struct health_clock *health, uint64_t now_ms)
{
	if (!health->is_probing)
		return;
	health_end(health, !health->misses, now_ms);
}

void health_ping(struct health_clock *health, uint64_t now_ms)
{
	if (health->config->watchdog_ms && health->is_ready)
		health->watchdog_ms = deadline_after(now_ms, health->config->watchdog_ms);
}

uint64_t health_unhealthy_ms(const struct health_clock *health)
{
	if (!health->is_ready || health->misses < HEALTH_MISSES_MIN)
		return NEVER_MS;
	return deadline_after(health->last_ok_ms, health->config->unhealthy_after_ms);
}

bool health_is_watchdog_due(const struct health_clock *health, uint64_t now_ms)
{
	return health->watchdog_ms <= now_ms;
}

void health_shift(struct health_clock *health, uint64_t gap_ms)
{
	health->discard = health->is_probing;
	health->last_ok_ms = deadline_after(health->last_ok_ms, gap_ms);
	health->watchdog_ms = deadline_after(health->watchdog_ms, gap_ms);
}

uint64_t health_deadline_ms(const struct health_clock *health)
{
	return min_ms(health->probe_ms, health->watchdog_ms);
}
