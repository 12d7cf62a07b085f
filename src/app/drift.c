/*
 * A running gateway is asked by the very file that it executes. Where another user could have
 * written that file, or it is a container's, it is not executed: who only bears the right name must
 * not have root run its program.
 */
#include "app/drift.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/asker.h"
#include "app/command.h"
#include "app/show.h"
#include "core/drift.h"
#include "core/probe_target.h"
#include "core/words.h"
#include "io/executable.h"
#include "io/fd.h"
#include "io/proc.h"
#include "io/running.h"
#include "util/macros.h"
#include "util/text.h"

#define GATEWAY "openshell-gateway"

enum {
	ASK_LIMIT_MS = 10000, /* each */
	NAMES_BYTES = 300,    /* of several gateways */
};

struct check {
	const struct drift_request *request;
	uint64_t limit_ms;
	struct asker *asker;
	struct words installed; /* the command; from its search on with a path, if it has one */
	struct words running;
	struct probe_target url;
	struct drift drift;
	char *binary; /* of the drift; owned */
	char note[96];
};

static void set_unknown(struct drift_side *side, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void set_unknown(struct drift_side *side, const char *format, ...)
{
	va_list arguments;

	*side = (struct drift_side){ .version = "" };
	va_start(arguments, format);
	vsnprintf(side->reason, sizeof(side->reason), format, arguments);
	va_end(arguments);
}

/* ---- a command ---- */

/* Its first word becomes the path of the program; false, told in side, if there is none. */
static bool find_program(struct words *command, struct drift_side *side)
{
	const char *name = command->items[0];
	char *path = executable_find(name, executable_search_path());

	if (!path) {
		if (strchr(name, '/'))
			set_unknown(side, "'%.200s' is no program", name);
		else
			set_unknown(
			    side, "no '%.100s' in PATH=%.200s", name, executable_search_path());
		return false;
	}
	free(command->items[0]);
	command->items[0] = path;
	return true;
}

/* The program, unless that is only a way to the real one. */
static char *describe_command(const struct words *command)
{
	if (command->count == 2 && strcmp(command->items[1], "--version") == 0)
		return strdup(command->items[0]);
	return words_join(command);
}

static void ask_command(struct check *check, struct words *command, struct drift_side *side)
{
	if (find_program(command, side))
		asker_run(check->asker, command->items, check->limit_ms, side);
}

static void ask_running_command(struct check *check)
{
	ask_command(check, &check->running, &check->drift.running);
	check->binary = describe_command(&check->running);
}

/* ---- a process ---- */

static void ask_process(struct check *check, const struct running *running)
{
	struct drift *drift = &check->drift;
	char program[32];
	char option[] = "--version";
	char *const argv[] = { program, option, NULL };

	check->binary = strdup(running->path);
	if (!running->is_here) {
		set_unknown(&drift->running, "pid %d is in a container", (int)running->pid);
		return;
	}
	drift->is_replaced = running->is_replaced;
	if (running->is_replaced)
		snprintf(check->note, sizeof(check->note),
		    "Its executable was replaced on disk while it runs (pid %d).",
		    (int)running->pid);
	if (running->owner && running->owner != geteuid()) {
		set_unknown(&drift->running, "pid %d is not asked: its program is uid %u's",
		    (int)running->pid, (unsigned)running->owner);
		return;
	}
	snprintf(program, sizeof(program), "/proc/self/fd/%d", running->fd);
	asker_run(check->asker, argv, check->limit_ms, &drift->running);
}

static void ask_pid(struct check *check)
{
	struct running running;
	int result = running_open(check->request->pid, &running);

	if (result) {
		set_unknown(&check->drift.running, "pid %d: %s", (int)check->request->pid,
		    strerror(-result));
		return;
	}
	ask_process(check, &running);
	running_close(&running);
}

/* ---- whatever runs ---- */

/* Gateways, by the file they execute: several of one file are one. */
struct search {
	struct running first;
	bool is_found;
	bool are_several;
	char buffer[NAMES_BYTES];
	struct text names;
};

static bool search_visit(void *data, const struct proc_stat *stat)
{
	struct search *search = data;
	struct running running;
	const char *name;

	if (running_open(stat->pid, &running))
		return true;
	name = strrchr(running.path, '/');
	if (!name || strcmp(name + 1, GATEWAY) != 0 ||
	    (search->is_found && running_is_same(&running, &search->first))) {
		running_close(&running);
		return true;
	}
	text_addf(&search->names, "%spid %d ", search->is_found ? ", " : "", (int)running.pid);
	text_add_printable(&search->names, running.path, strlen(running.path), NAMES_BYTES);
	if (search->is_found) {
		search->are_several = true;
		running_close(&running);
	} else {
		search->first = running;
		search->is_found = true;
	}
	return true;
}

/* The one that would be started; NULL: none. The caller's. */
static char *find_stopped(const struct check *check)
{
	const char *named = getenv("NEMOCLAW_OPENSHELL_GATEWAY_BIN");
	const char *openshell = check->installed.items[0];
	char *beside = NULL, *found = NULL;

	if (named && named[0])
		return strdup(named);
	if (openshell[0] == '/' &&
	    asprintf(&beside, "%.*s%s", (int)(strrchr(openshell, '/') + 1 - openshell), openshell,
		GATEWAY) >= 0) {
		found = executable_find(beside, "");
		free(beside);
	}
	return found ? found : executable_find(GATEWAY, executable_search_path());
}

static void ask_stopped(struct check *check)
{
	char *program = find_stopped(check);

	if (!program) {
		set_unknown(&check->drift.running,
		    "none runs, and there is none beside openshell or in PATH");
		return;
	}
	snprintf(check->note, sizeof(check->note),
	    "No gateway runs: this is the one that would be started.");
	if (words_add(&check->running, program) ||
	    words_add(&check->running, strdup("--version"))) {
		set_unknown(&check->drift.running, "no memory");
		return;
	}
	ask_running_command(check);
}

static void ask_any(struct check *check)
{
	struct search search = { .first.fd = -1 };
	int result;

	text_init(&search.names, search.buffer, sizeof(search.buffer));
	result = proc_each(search_visit, &search);
	if (result)
		set_unknown(&check->drift.running, "/proc: %s", strerror(-result));
	else if (search.are_several)
		set_unknown(&check->drift.running, "several run; choose by --running-pid: %s",
		    search.buffer);
	else if (search.is_found)
		ask_process(check, &search.first);
	else
		ask_stopped(check);
	running_close(&search.first);
}

/* ---- the whole ---- */

static void ask_running(struct check *check)
{
	const struct drift_request *request = check->request;
	struct drift *drift = &check->drift;

	if (request->image) {
		drift->image = request->image;
		drift_read_image(request->image, &drift->running);
	} else if (request->url) {
		check->binary = strdup(request->url);
		asker_get(check->asker, &check->url, check->limit_ms, &drift->running);
	} else if (request->running) {
		ask_running_command(check);
	} else if (request->pid) {
		ask_pid(check);
	} else {
		ask_any(check);
	}
	drift->binary = check->binary;
	drift->note = check->note[0] ? check->note : NULL;
}

static enum exit_status tell(const struct check *check)
{
	enum drift_verdict verdict = drift_judge(&check->drift);
	FILE *stream = verdict == DRIFT_NONE ? stdout : stderr;
	enum exit_status status = EXIT_STATUS_DONE;
	char buffer[4096];
	struct text text;

	text_init(&text, buffer, sizeof(buffer));
	drift_format(&check->drift, &text);
	if (verdict == DRIFT_FOUND || (verdict == DRIFT_UNKNOWN && check->request->is_strict))
		status = EXIT_STATUS_FAILED;
	return fputs(buffer, stream) < 0 || fflush(stream) != 0 ? EXIT_STATUS_FAILED : status;
}

static enum exit_status compare(struct check *check)
{
	struct error error;

	/* What we were given is not for those we start. */
	if (fd_open_standard() < 0)
		return EXIT_STATUS_FAILED;
	fd_protect_inherited();
	if (asker_new(&check->asker, &error)) {
		show_complaint("drift: %s", error.message);
		return EXIT_STATUS_FAILED;
	}
	ask_command(check, &check->installed, &check->drift.installed);
	if (!asker_is_interrupted(check->asker))
		ask_running(check);
	if (!asker_is_interrupted(check->asker))
		return tell(check);
	show_complaint("drift: interrupted");
	return EXIT_STATUS_FAILED;
}

static int complain(const char *option, const char *problem)
{
	show_complaint("drift: %s: %s; try 'nemoctl --help'", option, problem);
	return -EINVAL;
}

static int read_command(const char *option, const char *value, struct words *ret_words)
{
	struct error error;

	if (words_split_shell(value, ret_words, &error))
		return complain(option, error.message);
	return ret_words->count ? 0 : complain(option, "an empty command");
}

/* 0, or -EINVAL and it is told. */
static int read_request(struct check *check)
{
	const struct drift_request *request = check->request;
	struct error error;
	int ways = !!request->running + !!request->image + !!request->url + !!request->pid;

	if (!request->action || !request->action[0])
		return complain("--action", "say before what, as in --action 'backing up'");
	if (ways > 1)
		return complain("--running", "only one of these options can be given");
	if (read_command("--installed",
		request->installed ? request->installed : "openshell --version", &check->installed))
		return -EINVAL;
	if (request->running && read_command("--running", request->running, &check->running))
		return -EINVAL;
	if (!request->url)
		return 0;
	if (strncmp(request->url, "http://", strlen("http://")) != 0)
		return complain("--running-url", "it does not begin with http://");
	if (strlen(request->url) > 512)
		return complain("--running-url", "too long");
	if (probe_target_parse(request->url, &check->url, &error))
		return complain("--running-url", error.message);
	return 0;
}

enum exit_status drift_run(const struct command *command, const struct invocation *invocation)
{
	struct check check = {
		.request = &invocation->drift,
		.limit_ms =
		    invocation->timeout_ms == NEVER_MS ? ASK_LIMIT_MS : invocation->timeout_ms,
		.drift.action = invocation->drift.action,
	};
	enum exit_status status = EXIT_STATUS_USAGE;

	if (invocation->wants_json)
		show_complaint("%s: it prints text only: leave out --json", command->name);
	else if (!read_request(&check))
		status = compare(&check);
	asker_free(check.asker);
	words_deinit(&check.installed);
	words_deinit(&check.running);
	probe_target_deinit(&check.url);
	free(check.binary);
	return status;
}
