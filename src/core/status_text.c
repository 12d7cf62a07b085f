#include "core/status_text.h"

#include <string.h>

#include "core/page.h"
#include "core/status_words.h"
#include "util/macros.h"

enum {
	NAME_COLUMNS_MAX = 40,
	NUMBER_COLUMNS = 8,
	STATE_COLUMNS = 8,
};

struct view {
	struct page page;
	const struct snapshot *snapshot;
	int64_t now_ms;
};

static const char red[] = "31", green[] = "32", yellow[] = "33", plain[] = "";

static const char *const state_colours[] = {
	[SERVICE_DISABLED] = plain,
	[SERVICE_WAITING] = yellow,
	[SERVICE_STARTING] = yellow,
	[SERVICE_READY] = green,
	[SERVICE_FAILING] = red,
	[SERVICE_STOPPING] = yellow,
	[SERVICE_BACKOFF] = red,
	[SERVICE_BLOCKED] = red,
	[SERVICE_STOPPED] = yellow,
	[SERVICE_FINISHED] = plain,
};
static_assert(ARRAY_LEN(state_colours) == SERVICE_STATE_COUNT_, "a colour for every state");

static const char *const health_colours[] = {
	[HEALTH_STOPPING] = yellow,
	[HEALTH_BLOCKED] = red,
	[HEALTH_DEGRADED] = red,
	[HEALTH_STARTING] = yellow,
	[HEALTH_HEALTHY] = green,
};
static_assert(ARRAY_LEN(health_colours) == HEALTH_COUNT_, "a colour for every health");

static void add_head(const struct view *view)
{
	const struct snapshot_nemoinit *nemoinit = &view->snapshot->nemoinit;
	const char *health = health_to_string(view->snapshot->health);
	char buffer[PAGE_LINE_MAX_BYTES];
	struct text words;

	text_init(&words, buffer, sizeof(buffer));
	text_add(&words, "nemoinit ");
	status_add_outside(&words, nemoinit->version);
	if (nemoinit->pid >= 0)
		text_addf(&words, ", pid %lld", (long long)nemoinit->pid);
	text_addf(&words, ", mode %s", nemoinit->is_pid1 ? "pid1" : "subreaper");
	if (nemoinit->uptime_ms >= 0) {
		text_add(&words, ", up ");
		text_add_span(&words, (uint64_t)nemoinit->uptime_ms);
	}
	if (nemoinit->host) {
		text_add(&words, ", on ");
		status_add_outside(&words, nemoinit->host);
	}
	page_add_coloured(
	    &view->page, health_colours[view->snapshot->health], health, PAGE_LABEL_COLUMNS);
	page_add_words(&view->page, buffer, PAGE_LABEL_COLUMNS, PAGE_LABEL_COLUMNS);
	text_init(&words, buffer, sizeof(buffer));
	status_add_previous_run(&words, &nemoinit->previous_run, view->now_ms);
	page_add_entry(&view->page, "last run", &words);
	page_add_strings(&view->page, "warning", &nemoinit->warnings);
}

static void add_why_and_next(const struct view *view, const struct snapshot_service *service)
{
	char buffer[PAGE_LINE_MAX_BYTES];
	struct text words;

	text_init(&words, buffer, sizeof(buffer));
	status_add_why(&words, service, view->now_ms);
	page_add_entry(&view->page, "why", &words);
	page_add_message(&view->page, service->blocked.message);
	text_init(&words, buffer, sizeof(buffer));
	status_add_next(&words, view->snapshot, service);
	page_add_entry(&view->page, "next", &words);
	page_add_strings(&view->page, "warning", &service->warnings);
}

static unsigned name_columns(const struct snapshot *snapshot)
{
	unsigned widest = (unsigned)strlen("NAME");

	for (size_t i = 0; i < snapshot->service_count; i++) {
		unsigned one =
		    page_columns(snapshot->services[i].name, strlen(snapshot->services[i].name));

		widest = one > widest ? one : widest;
	}
	return widest < NAME_COLUMNS_MAX ? widest : NAME_COLUMNS_MAX;
}

/* A number, or `-`, in its column. */
static void add_number(const struct view *view, int64_t number)
{
	if (number < 0)
		text_addf(view->page.text, "  %-*s", NUMBER_COLUMNS, "-");
	else
		text_addf(view->page.text, "  %-*lld", NUMBER_COLUMNS, (long long)number);
}

static void add_row(const struct view *view, const struct snapshot_service *service,
    unsigned name_width, bool has_pid)
{
	char buffer[NUMBER_COLUMNS * 2], name[128];
	struct text uptime, printable;

	text_init(&printable, name, sizeof(name));
	status_add_outside(&printable, service->name);
	text_init(&uptime, buffer, sizeof(buffer));
	if (service->uptime_ms >= 0)
		text_add_span(&uptime, (uint64_t)service->uptime_ms);
	else
		text_add(&uptime, "-");
	page_add_coloured(&view->page, plain, name, name_width + 2);
	page_add_coloured(&view->page, state_colours[service->state],
	    service_state_to_string(service->state), STATE_COLUMNS);
	text_addf(view->page.text, "  %-*s", NUMBER_COLUMNS, buffer);
	if (has_pid)
		add_number(view, service->pid);
	add_number(view, service->restarts);
	page_end_line(&view->page);
}

static void add_table(const struct view *view)
{
	unsigned name_width = name_columns(view->snapshot);
	bool has_pid =
	    name_width + 2 + STATE_COLUMNS + 3 * (NUMBER_COLUMNS + 2) <= view->page.width;

	if (!view->snapshot->service_count) {
		text_add(view->page.text, "no services in the configuration\n");
		return;
	}
	text_addf(view->page.text, "%-*s  %-*s  %-*s", (int)name_width, "NAME", STATE_COLUMNS,
	    "STATE", NUMBER_COLUMNS, "UP");
	if (has_pid)
		text_addf(view->page.text, "  %-*s", NUMBER_COLUMNS, "PID");
	text_add(view->page.text, "  RESTARTS\n");
	for (size_t i = 0; i < view->snapshot->service_count; i++) {
		const struct snapshot_service *service = &view->snapshot->services[i];

		add_row(view, service, name_width, has_pid);
		if (status_is_troubled(service))
			add_why_and_next(view, service);
	}
}

/* ---- the watcher ---- */

static void add_counters(struct text *words, const struct auto_pair *watcher)
{
	text_addf(words, "%llu approved, %llu rejected, %llu failed, %llu timeouts, %llu polls",
	    (unsigned long long)watcher->approved, (unsigned long long)watcher->rejected,
	    (unsigned long long)watcher->failed, (unsigned long long)watcher->timeouts,
	    (unsigned long long)watcher->polls);
	if (watcher->skipped_polls)
		text_addf(words, " (and %llu skipped)", (unsigned long long)watcher->skipped_polls);
}

static void add_watcher_next(struct text *words, const struct auto_pair *watcher, int64_t now_ms)
{
	switch (watcher->mode) {
	case AUTO_PAIR_DONE:
		text_add(words, "its time is over; to start it again: nemoctl pair");
		return;
	case AUTO_PAIR_DISABLED:
	case AUTO_PAIR_DOWN:
	case AUTO_PAIR_MODE_COUNT_: return;
	case AUTO_PAIR_FAST:
	case AUTO_PAIR_SLOW: break;
	}
	if (watcher->next_poll_in_ms >= 0) {
		text_add(words, "poll in ");
		text_add_span(words, (uint64_t)watcher->next_poll_in_ms);
	} else {
		text_add(words, "polling");
	}
	if (watcher->last_poll_at_ms >= 0) {
		text_add(words, ", last one");
		status_add_ago(words, watcher->last_poll_at_ms, now_ms);
	}
	if (watcher->deadline_in_ms >= 0) {
		text_add(words, ", ends in ");
		text_add_span(words, (uint64_t)watcher->deadline_in_ms);
	}
}

static void add_pending(const struct view *view, const struct auto_pair_request *request)
{
	char buffer[PAGE_LINE_MAX_BYTES];
	struct text words;

	text_init(&words, buffer, sizeof(buffer));
	status_add_outside(&words, request->client_id);
	text_add(&words, " (");
	status_add_outside(&words, request->client_mode);
	text_add(&words, ") wants ");
	status_add_outside(&words, request->scopes[0] ? request->scopes : "no scopes");
	if (request->reason[0]) {
		text_add(&words, ": ");
		status_add_outside(&words, request->reason);
	}
	text_add(&words, "; request ");
	status_add_outside(&words, request->request_id);
	page_add_entry(&view->page, auto_pair_verdict_to_string(request->verdict), &words);
}

static void add_watcher(const struct view *view)
{
	const struct auto_pair *watcher = view->snapshot->auto_pair;
	char buffer[PAGE_LINE_MAX_BYTES];
	struct text words;

	if (!watcher)
		return;
	text_init(&words, buffer, sizeof(buffer));
	text_addf(&words, "%s, ", auto_pair_mode_to_string(watcher->mode));
	add_counters(&words, watcher);
	text_add(view->page.text, "\npairing      ");
	page_add_words(&view->page, buffer, PAGE_LABEL_COLUMNS, PAGE_LABEL_COLUMNS);
	text_init(&words, buffer, sizeof(buffer));
	add_watcher_next(&words, watcher, view->now_ms);
	page_add_entry(&view->page, "next", &words);
	text_init(&words, buffer, sizeof(buffer));
	status_add_outside(&words, watcher->last_error);
	page_add_entry(&view->page, "error", &words);
	for (size_t i = 0; i < watcher->pending_count; i++)
		add_pending(view, &watcher->pending[i]);
}

static struct view view_of(
    struct text *text, const struct snapshot *snapshot, const struct status_style *style)
{
	unsigned width = style->width < STATUS_WIDTH_MIN ? STATUS_WIDTH_MIN : style->width;

	width = width > STATUS_WIDTH_MAX ? STATUS_WIDTH_MAX : width;
	return (struct view){ .page = { text, width, style->has_colour },
		.snapshot = snapshot,
		.now_ms = style->now_ms };
}

void status_text_add(
    struct text *text, const struct snapshot *snapshot, const struct status_style *style)
{
	struct view view = view_of(text, snapshot, style);

	add_head(&view);
	text_add(text, "\n");
	add_table(&view);
	add_watcher(&view);
}

/* ---- one service ---- */

static void add_process(const struct view *view, const struct snapshot_service *service)
{
	char buffer[PAGE_LINE_MAX_BYTES];
	struct text words;

	text_init(&words, buffer, sizeof(buffer));
	if (service->pid >= 0)
		text_addf(&words, "%lld", (long long)service->pid);
	else
		text_add(&words, "none");
	if (service->uptime_ms >= 0) {
		text_add(&words, ", up ");
		text_add_span(&words, (uint64_t)service->uptime_ms);
	}
	if (service->started_at_ms >= 0) {
		text_add(&words, ", since ");
		text_add_time(&words, (uint64_t)service->started_at_ms);
	}
	page_add_entry(&view->page, "pid", &words);
	text_init(&words, buffer, sizeof(buffer));
	text_addf(&words, "%lld", (long long)(service->restarts < 0 ? 0 : service->restarts));
	if (service->consecutive_failures > 0)
		text_addf(&words, ", %lld failure%s in a row",
		    (long long)service->consecutive_failures,
		    service->consecutive_failures == 1 ? "" : "s");
	page_add_entry(&view->page, "restarts", &words);
	text_init(&words, buffer, sizeof(buffer));
	status_add_outside(&words, service->command);
	page_add_entry(&view->page, "command", &words);
}

static void add_probe_and_listener(const struct view *view, const struct snapshot_service *service)
{
	char buffer[PAGE_LINE_MAX_BYTES];
	struct text words;

	text_init(&words, buffer, sizeof(buffer));
	if (service->probe.type)
		status_add_probe(&words, &service->probe, view->now_ms);
	page_add_entry(&view->page, "probe", &words);
	text_init(&words, buffer, sizeof(buffer));
	if (service->listener.port >= 0)
		status_add_listener(&words, &service->listener);
	page_add_entry(&view->page, "listener", &words);
	text_init(&words, buffer, sizeof(buffer));
	if (service->last_exit.reason != EXIT_REASON_NONE)
		status_add_exit(&words, &service->last_exit, view->now_ms);
	page_add_entry(&view->page, "last exit", &words);
}

static void add_last_output(const struct view *view, const struct snapshot_service *service)
{
	const struct snapshot_strings *lines = &service->last_output;
	char buffer[PAGE_LINE_MAX_BYTES];
	struct text words;

	text_init(&words, buffer, sizeof(buffer));
	if (!lines->items)
		text_add(&words, "not for this user");
	else if (!lines->count)
		text_add(&words, "none");
	else
		text_addf(
		    &words, "the last %zu line%s", lines->count, lines->count == 1 ? "" : "s");
	if (lines->count && service->last_output_at_ms >= 0) {
		text_add(&words, ", newest");
		status_add_ago(&words, service->last_output_at_ms, view->now_ms);
	}
	page_add_entry(&view->page, "output", &words);
	for (size_t i = 0; i < lines->count; i++)
		page_add_output(&view->page, lines->items[i], strlen(lines->items[i]));
}

void status_text_add_service(struct text *text, const struct snapshot *snapshot,
    const struct snapshot_service *service, const struct status_style *style)
{
	struct view view = view_of(text, snapshot, style);

	status_add_outside(text, service->name);
	text_add(text, ": ");
	page_add_coloured(
	    &view.page, state_colours[service->state], service_state_to_string(service->state), 0);
	text_add(text, service->enabled ? "\n" : " (not enabled)\n");
	add_why_and_next(&view, service);
	add_process(&view, service);
	add_probe_and_listener(&view, service);
	add_last_output(&view, service);
	if (strcmp(service->name, "auto-pair") == 0)
		add_watcher(&view);
}
