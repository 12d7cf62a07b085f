/* What probes, the watchdog and time say of a process that runs, and what follows from that. */
#include "core/service_steps.h"
#include "util/macros.h"

bool service_is_stable(const struct service *service, uint64_t now_ms)
{
	return service->state == SERVICE_READY &&
	       now_ms - service->since_ms >= service->config->stable_after_ms;
}

uint64_t service_stable_ms(const struct service *service)
{
	if (service->state != SERVICE_READY || (!service->failures && !service->is_crash_loop))
		return NEVER_MS;
	return deadline_after(service->since_ms, service->config->stable_after_ms);
}

/* A stop for what the probe says, or does not say. */
static unsigned service_stop_sick(
    struct service *service, enum service_cause cause, uint64_t now_ms)
{
	if (cause != SERVICE_CAUSE_WATCHDOG)
		service->probe_stop_ms = now_ms;
	return SERVICE_DO_DIAGNOSE | service_stop(service, cause, 0, now_ms);
}

/* From when on the probe may have it stopped again. */
static uint64_t service_probe_stop_ms(const struct service *service)
{
	return service->probe_stop_ms == NEVER_MS ? 0
						  : deadline_after(service->probe_stop_ms,
							service->config->probe_restart_interval_ms);
}

uint64_t service_unhealthy_ms(const struct service *service)
{
	uint64_t unhealthy_ms = health_unhealthy_ms(&service->health);

	if (service->config->unhealthy_action == UNHEALTHY_REPORT)
		return service->is_diagnosed ? NEVER_MS : unhealthy_ms;
	return unhealthy_ms == NEVER_MS ? NEVER_MS
					: max_ms(unhealthy_ms, service_probe_stop_ms(service));
}

static unsigned service_on_unhealthy(struct service *service, uint64_t now_ms)
{
	if (service->config->unhealthy_action == UNHEALTHY_RESTART)
		return service_stop_sick(service, SERVICE_CAUSE_UNHEALTHY, now_ms);
	service->is_diagnosed = true;
	return SERVICE_DO_DIAGNOSE;
}

unsigned service_on_timer(struct service *service, uint64_t now_ms)
{
	if (service->state == SERVICE_STARTING && now_ms >= service->deadline_ms) {
		service->deadline_ms = max_ms(service->deadline_ms, service_probe_stop_ms(service));
		if (now_ms >= service->deadline_ms)
			return service_stop_sick(service, SERVICE_CAUSE_START_TIMEOUT, now_ms);
	}
	if (health_is_watchdog_due(&service->health, now_ms))
		return service_stop_sick(service, SERVICE_CAUSE_WATCHDOG, now_ms);
	if (now_ms >= service_unhealthy_ms(service))
		return service_on_unhealthy(service, now_ms);
	if (service_is_stable(service, now_ms)) {
		service->failures = 0;
		service->is_crash_loop = false;
	}
	return health_is_probe_due(&service->health, now_ms) ? SERVICE_DO_PROBE : 0;
}

unsigned service_on_probe(struct service *service, bool ok, uint64_t now_ms)
{
	if (!health_result(&service->health, ok, now_ms))
		return 0;
	service->is_diagnosed = service->is_diagnosed && !ok;
	if (ok && service->state == SERVICE_STARTING)
		return service_become_ready(service, now_ms);
	if (service->state != SERVICE_STARTING)
		service_enter(service, ok ? SERVICE_READY : SERVICE_FAILING, now_ms, NEVER_MS);
	return now_ms >= service_unhealthy_ms(service) ? service_on_unhealthy(service, now_ms) : 0;
}

unsigned service_on_notify_ready(struct service *service, uint64_t now_ms)
{
	if (service->config->probe.type != PROBE_NOTIFY)
		return 0;
	service->has_said_ready = true;
	if (service->state != SERVICE_STARTING)
		return 0;
	if (!service->config->port)
		return service_become_ready(service, now_ms);
	health_ask(&service->health, now_ms);
	return 0;
}
