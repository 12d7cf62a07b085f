/* The control socket's place: opening it, and making it again when somebody has taken it away. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "app/requests_private.h"
#include "io/groups.h"
#include "io/loop.h"
#include "util/macros.h"

enum {
	SOCKET_RETRY_MS = 60000,
	RENEW_RETRY_MS = 5000,
	/* Who takes it away again within RENEW_CALM_MS waits a little longer each time. */
	RENEW_CALM_MS = 10000,
	RENEW_PAUSE_MS = 50,
	RENEW_PAUSE_MAX_MS = 5000,
};

/* The group whose members are privileged; told if there is no such group. */
static gid_t requests_find_group(const struct requests *requests)
{
	struct supervisor *supervisor = requests->supervisor;
	const char *name = supervisor->config->socket_group;
	gid_t group = (gid_t)-1;

	if (name && group_find(name, &group) < 0)
		supervisor_report(supervisor, LOG_WARN, NULL, "socket",
		    "socket_group: there is no group '%s'", name);
	return group;
}

static mode_t socket_mode(const struct config *config)
{
	if (config->socket_mode >= 0)
		return (mode_t)config->socket_mode;
	return getuid() == 0 ? 0666 : 0600;
}

/* Its directory under /tmp is ours to make. */
static int prepare_directory(const char *path, struct error *error)
{
	int result;

	if (!socket_path_is_temporary(path))
		return 0;
	result = socket_directory_make(path, getuid());
	return result ? error_set(error, result, "the directory of %s is not ours alone (%s)", path,
			    strerror(-result))
		      : 0;
}

static void requests_report_open(struct requests *requests, const char *path)
{
	struct supervisor *supervisor = requests->supervisor;

	unit_set_text(&supervisor->socket, path);
	requests->retry_ms = NEVER_MS;
	supervisor_report(supervisor, LOG_INFO, NULL, "socket", "control socket %s", path);
	if (control_is_group_refused(requests->control))
		supervisor_report(supervisor, LOG_WARN, NULL, "socket",
		    "socket_group: %s cannot be given to group %s, of which we are no member", path,
		    supervisor->config->socket_group);
}

int requests_open(struct requests *requests, const struct control_handlers *handlers)
{
	struct supervisor *supervisor = requests->supervisor;
	struct control_config control = {
		.busy_line = requests->busy_line, .handlers = *handlers, .data = requests
	};
	struct error error = { .message = "" };
	int result = -ENOENT;

	control.endpoint.mode = socket_mode(supervisor->config);
	control.endpoint.group = requests_find_group(requests);
	requests->retry_ms = deadline_after(loop_now_ms(supervisor->loop), SOCKET_RETRY_MS);
	for (size_t i = 0; i < requests->paths.count; i++) {
		control.endpoint.path = requests->paths.items[i];
		result = prepare_directory(control.endpoint.path, &error);
		if (result)
			continue;
		result = control_open(supervisor->loop, &control, &requests->control, &error);
		if (result == CONTROL_TAKEN)
			return -EBUSY;
		if (!result) {
			requests_report_open(requests, control.endpoint.path);
			return 0;
		}
	}
	supervisor_report(supervisor, LOG_WARN, NULL, "socket",
	    "no control socket: %s; trying again every minute", error.message);
	return result;
}

/* ---- making it again ---- */

void requests_on_lost(void *data)
{
	struct requests *requests = data;
	uint64_t now_ms = loop_now_ms(requests->supervisor->loop);

	if (requests->renew_ms != NEVER_MS)
		return;
	if (now_ms >= deadline_after(requests->renewed_ms, RENEW_CALM_MS) || !requests->renewed_ms)
		requests->renew_pause_ms = 0;
	else
		requests->renew_pause_ms = min_ms(
		    max_ms(requests->renew_pause_ms * 2, RENEW_PAUSE_MS), RENEW_PAUSE_MAX_MS);
	requests->renew_ms = deadline_after(now_ms, requests->renew_pause_ms);
}

void requests_turn_socket(struct requests *requests, uint64_t now_ms)
{
	struct supervisor *supervisor = requests->supervisor;
	struct error error = { .message = "another instance has taken its lock" };
	int result;

	if (now_ms < requests->renew_ms)
		return;
	result = prepare_directory(supervisor->socket, &error);
	if (!result)
		result = control_renew(requests->control, &error);
	requests->renewed_ms = now_ms;
	requests->renew_ms = result ? deadline_after(now_ms, RENEW_RETRY_MS) : NEVER_MS;
	if (!result)
		supervisor_report(supervisor, LOG_WARN, NULL, "socket",
		    "somebody has removed or replaced the control socket or its lock; made again: "
		    "%s",
		    supervisor->socket);
	else if (!requests->is_renewal_failing)
		supervisor_report(supervisor, LOG_ERROR, NULL, "socket",
		    "the control socket is gone and cannot be made again: %s; trying on",
		    error.message);
	requests->is_renewal_failing = result;
}
