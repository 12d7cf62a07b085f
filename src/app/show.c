#include "app/show.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/feed_json.h"
#include "core/metrics_text.h"
#include "core/reply_json.h"
#include "core/snapshot_json.h"
#include "core/status_text.h"
#include "core/status_words.h"
#include "io/clock.h"
#include "util/parse.h"

enum {
	OUTPUT_MAX_BYTES = 64 * 1024 * 1024,
	MESSAGE_MAX_BYTES = 4096,
};

/* ---- output ---- */

void show_complaint(const char *format, ...)
{
	char message[MESSAGE_MAX_BYTES], printable[MESSAGE_MAX_BYTES];
	struct text text;
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	text_init(&text, printable, sizeof(printable));
	text_add_printable(&text, message, strlen(message), sizeof(printable) - 1);
	fprintf(stderr, "nemoctl: %s\n", printable);
}

/* Prints and frees; a full disk or a closed pipe is a failure of the command. */
static enum exit_status print(struct text *text, enum exit_status status)
{
	bool complete = !text->truncated &&
			fwrite(text->data ? text->data : "", 1, text->length_bytes, stdout) ==
			    text->length_bytes &&
			fflush(stdout) == 0;

	text_deinit(text);
	if (complete)
		return status;
	show_complaint("cannot write the answer: %s", strerror(errno));
	return EXIT_STATUS_FAILED;
}

enum exit_status show_json(const char *reply, size_t length_bytes, enum exit_status status)
{
	struct text text;

	text_init_heap(&text, OUTPUT_MAX_BYTES);
	reply_add_printable(&text, reply, length_bytes);
	text_add(&text, "\n");
	return print(&text, status);
}

struct status_style show_style(void)
{
	const char *columns = getenv("COLUMNS"), *no_colour = getenv("NO_COLOR");
	uint64_t width = 80;
	struct winsize size;

	if (columns)
		(void)parse_count(columns, 1, 10000, &width); /* else 80 it is */
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col)
		width = size.ws_col;
	return (struct status_style){ .now_ms = (int64_t)clock_epoch_ms(),
		.width = (unsigned)width,
		.has_colour = isatty(STDOUT_FILENO) && !(no_colour && no_colour[0]) };
}

/* ---- replies ---- */

/* An error reply, or one that cannot be read. */
static enum exit_status show_error(const struct reply *reply)
{
	const char *code = reply_code_to_string(reply->code), *line = reply->message, *end;

	for (; (end = strchr(line, '\n')); line = end + 1)
		show_complaint("%s: %.*s", code, (int)(end - line), line);
	show_complaint("%s: %s", code, line);
	return exit_status_of_error(reply->code);
}

static enum exit_status show_unreadable(const struct error *error)
{
	show_complaint("the answer cannot be understood: %s", error->message);
	return EXIT_STATUS_FAILED;
}

int show_read_status(const char *line, size_t length_bytes, struct snapshot_json *ret_snapshot,
    enum exit_status *ret_status)
{
	struct error error = { .code = 0 };
	struct reply reply;
	int result = reply_decode(line, length_bytes, false, &reply, &error);

	if (!result && reply.has_error) {
		*ret_status = show_error(&reply);
		reply_deinit(&reply);
		return 1;
	}
	if (!result) {
		reply_deinit(&reply);
		result = snapshot_decode(line, length_bytes, ret_snapshot, &error);
	}
	if (!result)
		return 0;
	*ret_status = show_unreadable(&error);
	return 1;
}

enum exit_status show_unknown_service(const char *name)
{
	show_complaint("there is no service '%s'", name);
	return EXIT_STATUS_FAILED;
}

enum exit_status show_status(
    const struct invocation *invocation, const char *line, size_t length_bytes)
{
	const char *name = invocation->argument_count ? invocation->arguments[0] : NULL;
	const struct status_style style = show_style();
	const struct snapshot_service *service = NULL;
	struct snapshot_json decoded;
	enum exit_status status;
	struct text text;

	if (show_read_status(line, length_bytes, &decoded, &status))
		return status;
	text_init_heap(&text, OUTPUT_MAX_BYTES);
	if (name)
		service = snapshot_find(&decoded.snapshot, name);
	if (name && !service) {
		status = show_unknown_service(name);
	} else if (name) {
		status = exit_status_of_service(service);
		status_text_add_service(&text, &decoded.snapshot, service, &style);
	} else {
		status = exit_status_of_health(decoded.snapshot.health);
		status_text_add(&text, &decoded.snapshot, &style);
	}
	snapshot_json_deinit(&decoded);
	return invocation->wants_json ? (text_deinit(&text), status) : print(&text, status);
}

/* A line for a service that is not ready. */
static enum exit_status judge_ready(struct text *text, const struct snapshot_service *service)
{
	enum exit_status status = exit_status_of_service(service);

	if (status != EXIT_STATUS_DONE) {
		status_add_outside(text, service->name);
		text_addf(text, ": %s%s\n", service_state_to_string(service->state),
		    service->crash_loop ? " (crash loop)" : "");
	}
	return status;
}

static enum exit_status worse(enum exit_status a, enum exit_status b)
{
	return a > b ? a : b;
}

static enum exit_status judge_all(
    const struct invocation *invocation, const struct snapshot *snapshot, struct text *text)
{
	enum exit_status status = EXIT_STATUS_DONE;

	if (!invocation->argument_count) {
		for (size_t i = 0; i < snapshot->service_count; i++)
			(void)judge_ready(text, &snapshot->services[i]);
		return exit_status_of_health(snapshot->health);
	}
	for (size_t i = 0; i < invocation->argument_count; i++) {
		const struct snapshot_service *service =
		    snapshot_find(snapshot, invocation->arguments[i]);

		if (!service)
			return show_unknown_service(invocation->arguments[i]);
		status = worse(status, judge_ready(text, service));
	}
	return status;
}

enum exit_status show_ready(
    const struct invocation *invocation, const char *line, size_t length_bytes)
{
	struct snapshot_json decoded;
	enum exit_status status;
	struct text text;

	if (show_read_status(line, length_bytes, &decoded, &status))
		return status;
	text_init_heap(&text, OUTPUT_MAX_BYTES);
	status = judge_all(invocation, &decoded.snapshot, &text);
	if (status == EXIT_STATUS_DONE)
		text_add(&text, "ready\n");
	else if (!text.length_bytes && status != EXIT_STATUS_FAILED)
		text_addf(&text, "%s\n", health_to_string(decoded.snapshot.health));
	snapshot_json_deinit(&decoded);
	return invocation->wants_json ? (text_deinit(&text), status) : print(&text, status);
}

/* Any well-formed answer is a sign of life, a refusal too. */
enum exit_status show_live(
    const struct invocation *invocation, const char *line, size_t length_bytes)
{
	struct error error = { .code = 0 };
	struct reply reply;

	(void)invocation;
	if (reply_decode(line, length_bytes, false, &reply, &error) < 0)
		return show_unreadable(&error);
	reply_deinit(&reply);
	return EXIT_STATUS_DONE;
}

enum exit_status show_done(
    const struct invocation *invocation, const char *line, size_t length_bytes)
{
	struct error error = { .code = 0 };
	enum exit_status status = EXIT_STATUS_DONE;
	struct reply reply;

	(void)invocation;
	if (reply_decode(line, length_bytes, false, &reply, &error) < 0)
		return show_unreadable(&error);
	if (reply.has_error)
		status = show_error(&reply);
	reply_deinit(&reply);
	return status;
}

/* ---- feeds ---- */

static void add_event(struct text *text, const struct event *event)
{
	text_addf(text, "%lld ", (long long)event->seq);
	text_add_time(text, (uint64_t)event->at_ms);
	text_add(text, " ");
	status_add_outside(text, event->service ? event->service : "nemoinit");
	text_add(text, " ");
	status_add_outside(text, event->event);
	if (event->level != LOG_INFO)
		text_addf(text, " %s", log_level_to_string(event->level));
	text_add(text, ": ");
	text_add_printable(text, event->message, strlen(event->message), MESSAGE_MAX_BYTES);
	text_add(text, "\n");
}

static void add_line(struct text *text, const struct kept_line *line, const char *service)
{
	text_add_time(text, (uint64_t)line->at_ms);
	text_addf(text, " %s | ", service);
	text_add_printable(text, line->line, strlen(line->line), MESSAGE_MAX_BYTES);
	text_add(text, "\n");
}

/* The reply as an error, if it is one that cannot be read or says no. 0: go on. */
static int judge_reply(const char *line, size_t length_bytes, enum exit_status *ret_status)
{
	struct error error = { .code = 0 };
	struct reply reply;
	int is_over = 1;

	if (reply_decode(line, length_bytes, false, &reply, &error) < 0) {
		*ret_status = show_unreadable(&error);
		return 1;
	}
	if (reply.has_error)
		*ret_status = show_error(&reply);
	else
		is_over = 0;
	reply_deinit(&reply);
	return is_over;
}

enum exit_status show_feed(
    const struct invocation *invocation, const char *line, size_t length_bytes)
{
	struct error error = { .code = 0 };
	enum exit_status status;
	struct text text;
	struct feed feed;

	if (judge_reply(line, length_bytes, &status))
		return status;
	if (feed_decode(line, length_bytes, &feed, &error) < 0)
		return show_unreadable(&error);
	text_init_heap(&text, OUTPUT_MAX_BYTES);
	for (size_t i = 0; !invocation->wants_json && i < feed.event_count; i++)
		add_event(&text, &feed.events[i]);
	for (size_t i = 0; !invocation->wants_json && i < feed.line_count; i++)
		add_line(&text, &feed.lines[i],
		    invocation->argument_count ? invocation->arguments[0] : "?");
	feed_deinit(&feed);
	return print(&text, EXIT_STATUS_DONE);
}

/* As it is, but for what would be no text on a terminal. */
static void add_lines(struct text *text, const char *lines)
{
	while (*lines) {
		size_t length = strcspn(lines, "\n");

		text_add_printable(text, lines, length, MESSAGE_MAX_BYTES);
		text_add(text, "\n");
		lines += length + (lines[length] == '\n');
	}
}

enum exit_status show_metrics(
    const struct invocation *invocation, const char *line, size_t length_bytes)
{
	struct error error = { .code = -EINVAL, .message = "text: missing" };
	enum exit_status status;
	struct text text;
	char *metrics;

	if (judge_reply(line, length_bytes, &status))
		return status;
	metrics = metrics_reply_decode(line, length_bytes);
	if (!metrics)
		return show_unreadable(&error);
	text_init_heap(&text, OUTPUT_MAX_BYTES);
	if (!invocation->wants_json)
		add_lines(&text, metrics);
	free(metrics);
	return print(&text, EXIT_STATUS_DONE);
}

/* ---- outcomes ---- */

static void add_outcome(struct text *text, const struct service_outcome *outcome)
{
	status_add_outside(text, outcome->name);
	text_addf(text, ": %s", outcome_to_string(outcome->outcome));
	if (outcome->pid >= 0)
		text_addf(text, ", pid %lld", (long long)outcome->pid);
	if (outcome->old_pid >= 0 && outcome->old_pid != outcome->pid)
		text_addf(text, ", before %lld", (long long)outcome->old_pid);
	if (outcome->message) {
		text_add(text, ": ");
		status_add_outside(text, outcome->message);
	}
	text_add(text, "\n");
}

enum exit_status show_outcomes(
    const struct invocation *invocation, const char *line, size_t length_bytes)
{
	struct error error = { .code = 0 };
	enum exit_status status;
	struct reply reply;
	struct text text;

	if (reply_decode(line, length_bytes, true, &reply, &error) < 0)
		return show_unreadable(&error);
	text_init_heap(&text, OUTPUT_MAX_BYTES);
	if (reply.has_error)
		status = show_error(&reply);
	else
		status = exit_status_of_outcomes(reply.outcomes, reply.outcome_count);
	if (status == EXIT_STATUS_DONE && !reply.ok)
		status = EXIT_STATUS_FAILED;
	for (size_t i = 0; !invocation->wants_json && i < reply.outcome_count; i++)
		add_outcome(&text, &reply.outcomes[i]);
	reply_deinit(&reply);
	return print(&text, status);
}
