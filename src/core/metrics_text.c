#include "core/metrics_text.h"

#include <inttypes.h>
#include <string.h>

#include "core/json.h"
#include "core/reply_json.h"
#include "util/macros.h"

enum { TEXT_MAX_BYTES = 64 * 1024 * 1024 };

/* ---- of a service: one sample each, or none where it is unknown ---- */

static int64_t get_up(const struct snapshot_service *service)
{
	return service->pid >= 0;
}

static int64_t get_ready(const struct snapshot_service *service)
{
	return service->ready;
}

static int64_t get_uptime(const struct snapshot_service *service)
{
	return service->uptime_ms;
}

static int64_t get_failures(const struct snapshot_service *service)
{
	return service->consecutive_failures;
}

static int64_t get_crash_loop(const struct snapshot_service *service)
{
	return service->crash_loop;
}

static int64_t get_probe_ok(const struct snapshot_service *service)
{
	return service->probe.type ? service->probe.ok : -1;
}

static int64_t get_probe_latency(const struct snapshot_service *service)
{
	return service->probe.type ? service->probe.latency_ms : -1;
}

static int64_t get_probe_failures(const struct snapshot_service *service)
{
	return service->probe.type ? service->probe.failures : -1;
}

static int64_t get_output_bytes(const struct snapshot_service *service)
{
	return (int64_t)service->output_bytes;
}

static int64_t get_log_dropped(const struct snapshot_service *service)
{
	return (int64_t)service->log_dropped_lines;
}

static const struct {
	const char *name;
	const char *type;
	const char *help;
	int64_t (*get)(const struct snapshot_service *service); /* -1: unknown */
	bool is_ms;                                             /* told in seconds */
} service_metrics[] = {
	{ "nemoinit_service_up", "gauge", "Has the service a process? 1 or 0.", get_up, false },
	{ "nemoinit_service_ready", "gauge", "Is the service ready? 1 or 0.", get_ready, false },
	{ "nemoinit_service_uptime_seconds", "gauge", "Time since the process was started.",
	    get_uptime, true },
	{ "nemoinit_service_failures", "gauge", "Failures in a row.", get_failures, false },
	{ "nemoinit_service_crash_loop", "gauge", "Is it in a crash loop? 1 or 0.", get_crash_loop,
	    false },
	{ "nemoinit_service_probe_success", "gauge", "Was the last probe good? 1 or 0.",
	    get_probe_ok, false },
	{ "nemoinit_service_probe_latency_seconds", "gauge", "How long the last probe took.",
	    get_probe_latency, true },
	{ "nemoinit_service_probe_failures", "gauge", "Probes missed in a row.", get_probe_failures,
	    false },
	{ "nemoinit_service_output_bytes_total", "counter", "Output captured.", get_output_bytes,
	    false },
	{ "nemoinit_service_log_dropped_lines_total", "counter", "Lines missing in its log file.",
	    get_log_dropped, false },
};

static void add_head(struct text *text, const char *name, const char *type, const char *help)
{
	text_addf(text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void add_value(struct text *text, int64_t value, bool is_ms)
{
	if (is_ms)
		text_addf(text, " %" PRId64 ".%03d\n", value / 1000, (int)(value % 1000));
	else
		text_addf(text, " %" PRId64 "\n", value);
}

static void add_services(struct text *text, const struct snapshot *snapshot)
{
	for (size_t i = 0; i < ARRAY_LEN(service_metrics); i++) {
		add_head(text, service_metrics[i].name, service_metrics[i].type,
		    service_metrics[i].help);
		for (size_t k = 0; k < snapshot->service_count; k++) {
			const struct snapshot_service *service = &snapshot->services[k];
			int64_t value = service_metrics[i].get(service);

			if (value < 0)
				continue;
			text_addf(
			    text, "%s{service=\"%s\"}", service_metrics[i].name, service->name);
			add_value(text, value, service_metrics[i].is_ms);
		}
	}
}

/* One sample for each state, of which one is 1: so that a change makes no gap in a graph. */
static void add_states(struct text *text, const struct snapshot *snapshot)
{
	add_head(text, "nemoinit_service_state", "gauge", "1 for the state it is in, else 0.");
	for (size_t i = 0; i < snapshot->service_count; i++)
		for (unsigned state = 0; state < SERVICE_STATE_COUNT_; state++)
			text_addf(text, "nemoinit_service_state{service=\"%s\",state=\"%s\"} %d\n",
			    snapshot->services[i].name, service_state_to_string(state),
			    snapshot->services[i].state == state);
}

static void add_restarts(struct text *text, const struct snapshot *snapshot)
{
	add_head(text, "nemoinit_service_restarts_total", "counter",
	    "Restarts that nobody asked for, by how the start before had ended.");
	for (size_t i = 0; i < snapshot->service_count; i++)
		for (unsigned reason = EXIT_REASON_NONE + 1; reason < EXIT_REASON_COUNT_; reason++)
			text_addf(text,
			    "nemoinit_service_restarts_total{service=\"%s\",reason=\"%s\"} "
			    "%" PRIu32 "\n",
			    snapshot->services[i].name, exit_reason_to_string(reason),
			    snapshot->services[i].restarts_by[reason]);
}

/* ---- of nemoinit and the watcher ---- */

static void add_one(struct text *text, const char *name, const char *type, const char *help,
    int64_t value, bool is_ms)
{
	add_head(text, name, type, help);
	text_add(text, name);
	add_value(text, value, is_ms);
}

static void add_nemoinit(struct text *text, const struct snapshot_nemoinit *nemoinit)
{
	add_head(text, "nemoinit_info", "gauge", "What runs; always 1.");
	text_addf(text, "nemoinit_info{version=\"%s\",mode=\"%s\"} 1\n", nemoinit->version,
	    nemoinit->is_pid1 ? "pid1" : "subreaper");
	add_one(text, "nemoinit_uptime_seconds", "gauge", "Time since nemoinit was started.",
	    nemoinit->uptime_ms, true);
	add_one(text, "nemoinit_reaped_total", "counter", "Dead children taken in.",
	    nemoinit->reaped, false);
	if (nemoinit->previous_run.ended != LIFE_END_NONE)
		add_one(text, "nemoinit_previous_run_killed", "gauge",
		    "Was the run before killed? 1 or 0.",
		    nemoinit->previous_run.ended == LIFE_END_KILLED, false);
	add_one(text, "nemoinit_log_dropped_lines_total", "counter",
	    "Log lines dropped since nobody read standard output.",
	    (int64_t)nemoinit->dropped_lines, false);
}

static void add_health(struct text *text, enum health is)
{
	add_head(text, "nemoinit_health", "gauge", "1 for the health of all, else 0.");
	for (unsigned health = 0; health < HEALTH_COUNT_; health++)
		text_addf(text, "nemoinit_health{health=\"%s\"} %d\n", health_to_string(health),
		    is == health);
}

static void add_watcher(struct text *text, const struct auto_pair *watcher)
{
	const struct {
		const char *name;
		const char *help;
		uint64_t value;
	} counters[] = {
		{ "nemoinit_pair_approved_total", "Requests approved.", watcher->approved },
		{ "nemoinit_pair_rejected_total", "Requests refused.", watcher->rejected },
		{ "nemoinit_pair_failed_total", "Approvals that failed.", watcher->failed },
		{ "nemoinit_pair_timeouts_total", "Calls past their limit.", watcher->timeouts },
		{ "nemoinit_pair_polls_total", "Lists made.", watcher->polls },
		{ "nemoinit_pair_skipped_polls_total", "Polls answered without a call.",
		    watcher->skipped_polls },
	};

	for (size_t i = 0; i < ARRAY_LEN(counters); i++)
		add_one(text, counters[i].name, "counter", counters[i].help,
		    (int64_t)counters[i].value, false);
	add_one(text, "nemoinit_pair_pending", "gauge", "Requests not settled.",
	    (int64_t)watcher->pending_count, false);
	add_head(text, "nemoinit_pair_mode", "gauge", "1 for the mode of the watcher, else 0.");
	for (unsigned mode = 0; mode < AUTO_PAIR_MODE_COUNT_; mode++)
		text_addf(text, "nemoinit_pair_mode{mode=\"%s\"} %d\n",
		    auto_pair_mode_to_string(mode), watcher->mode == mode);
}

void metrics_add(struct text *text, const struct snapshot *snapshot)
{
	add_nemoinit(text, &snapshot->nemoinit);
	add_health(text, snapshot->health);
	add_services(text, snapshot);
	add_states(text, snapshot);
	add_restarts(text, snapshot);
	if (snapshot->auto_pair)
		add_watcher(text, snapshot->auto_pair);
}

char *metrics_reply_encode(const struct snapshot *snapshot, const char *id)
{
	struct cJSON *root = reply_new(id, true);
	struct text text;
	char *line;

	text_init_heap(&text, TEXT_MAX_BYTES);
	metrics_add(&text, snapshot);
	line = reply_encode_line(
	    root, root && text.data && !text.truncated && json_add_string(root, "text", text.data));
	text_deinit(&text);
	return line;
}

char *metrics_reply_decode(const char *line, size_t length_bytes)
{
	struct cJSON *root = json_parse(line, length_bytes);
	const char *string = json_get_string(root, "text");
	char *copy = string ? strdup(string) : NULL;

	cJSON_Delete(root);
	return copy;
}
