/* What can be known of a process that does not serve, told before anything is done to it. */
#include <string.h>

#include "app/supervisor.h"
#include "app/unit.h"
#include "io/clock.h"
#include "io/proc.h"
#include "util/macros.h"
#include "util/text.h"

static const char *process_state_to_string(char state)
{
	switch (state) {
	case 'R': return "running";
	case 'S': return "sleeping";
	case 'D': return "waiting in the kernel";
	case 'T': return "stopped";
	case 't': return "traced";
	case 'Z': return "ended";
	default: return "in another state";
	}
}

static void text_add_reason(struct text *out, const struct unit *unit, uint64_t now_ms)
{
	const struct health_clock *health = &unit->service.health;
	const char *detail = unit->probe_detail;

	if (unit->service.cause == SERVICE_CAUSE_WATCHDOG) {
		text_add(out, "no watchdog ping for ");
		text_add_span(out, unit->config->watchdog_ms);
		return;
	}
	if (unit->service.cause == SERVICE_CAUSE_START_TIMEOUT) {
		text_add(out, "not ready for ");
		text_add_span(out, now_ms - unit->service.started_ms);
	} else {
		text_add(out, "no success for ");
		text_add_span(out, now_ms - health->last_ok_ms);
	}
	if (health->misses)
		text_addf(
		    out, " (%u misses, last: %s)", health->misses, detail ? detail : "unknown");
	else if (detail)
		text_addf(out, " (last: %s)", detail);
}

static void text_add_process(struct text *out, const struct unit *unit)
{
	struct proc_stat stat;

	if (proc_read_stat(unit->pid, &stat))
		text_add(out, "process cannot be read");
	else
		text_addf(out, "process %c %s, %ld thread%s", stat.state,
		    process_state_to_string(stat.state), stat.threads,
		    stat.threads == 1 ? "" : "s");
}

static void text_add_output_age(struct text *out, const struct unit *unit)
{
	uint64_t epoch_ms = clock_epoch_ms(), last_ms = unit->speaker.ring.last_at_ms;

	if (unit->config->output != OUTPUT_CAPTURE)
		return;
	/* The ring may still hold lines of the start before. */
	if ((int64_t)last_ms < unit->started_at_ms) {
		text_add(out, ", no output");
		return;
	}
	text_add(out, ", last output ");
	text_add_span(out, epoch_ms > last_ms ? epoch_ms - last_ms : 0);
	text_add(out, " ago");
}

static void text_add_listener(struct text *out, struct unit *unit)
{
	if (!unit->config->port)
		return;
	(void)unit_look_at_port(unit);
	text_addf(out, ", port %u held by ", unit->config->port);
	switch (unit->listener_owner) {
	case LISTENER_NONE: text_add(out, "nobody"); break;
	case LISTENER_SELF: text_add(out, "itself"); break;
	case LISTENER_FOREIGN:
		text_add(out, "a stranger (");
		unit_describe_holder(unit, out);
		text_add(out, ")");
		break;
	case LISTENER_UNKNOWN: text_add(out, "somebody who cannot be told"); break;
	case LISTENER_OWNER_COUNT_: break;
	}
	if (unit->listener_owner == LISTENER_SELF && unit->listener_pid != unit->pid)
		text_addf(out, " (pid %d)", (int)unit->listener_pid);
}

void unit_diagnose(struct unit *unit, uint64_t now_ms)
{
	char buffer[900];
	struct text text;

	text_init(&text, buffer, sizeof(buffer));
	text_add_reason(&text, unit, now_ms);
	text_add(&text, "; ");
	text_add_process(&text, unit);
	text_add_output_age(&text, unit);
	text_add_listener(&text, unit);
	if (unit->service.state != SERVICE_STOPPING)
		text_add(&text, "; left as it is (unhealthy_action = report)");
	supervisor_report(unit->supervisor, LOG_WARN, unit, "probe-stop", "%s", buffer);
}
