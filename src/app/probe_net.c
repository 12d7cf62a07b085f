#include "app/probe_net.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "app/probe_request.h"
#include "core/http_reply.h"
#include "io/clock.h"
#include "io/loop.h"
#include "io/probe.h"
#include "util/macros.h"
#include "util/text.h"

struct net_probe {
	const struct net_probe_request *request;
	struct loop *loop;
	struct probe *probe;
	int status; /* of HTTP, once known */
	int result;
	struct error error;
};

/* Is it we who could not ask, so that it says nothing of whom we wanted to ask? */
static bool is_our_own(int result)
{
	switch (-result) {
	case ENOMEM:
	case ENOBUFS:
	case EMFILE:
	case ENFILE:
	case EACCES: /* no right to a socket, or to connect */
	case EPERM:
	case EAFNOSUPPORT:
	case EPROTONOSUPPORT: return true;
	default: return false;
	}
}

static int net_probe_judge(
    void *data, const char *reply, size_t length_bytes, bool is_end, struct error *error)
{
	struct net_probe *probe = data;
	const struct net_probe_request *request = probe->request;
	struct error ignored;

	if (request->target.type == PROBE_HTTP)
		probe->status = http_reply_status(reply, length_bytes, is_end, &ignored);
	return probe_request_judge(
	    &request->target, &request->codes, request->expect, reply, length_bytes, is_end, error);
}

static void net_probe_on_done(void *data, int result, const struct error *error)
{
	struct net_probe *probe = data;

	probe->result = result;
	if (result)
		probe->error = *error;
	probe_cancel(&probe->probe);
	loop_stop(probe->loop);
}

static uint64_t net_probe_turn(void *data, uint64_t now_ms)
{
	struct net_probe *probe = data;
	uint64_t deadline_ms = probe_turn(probe->probe, now_ms);

	/* That may have been its end. */
	return probe->probe ? deadline_ms : NEVER_MS;
}

/* Of HTTP only a 2xx reply is looked into. */
static bool is_as_expected(const struct net_probe *probe)
{
	return probe->request->expect && (!probe->status || probe->status / 100 == 2);
}

static void print_seen(const struct net_probe *probe, uint64_t took_ms)
{
	const struct net_probe_request *request = probe->request;
	char buffer[1024];
	struct text text;

	text_init(&text, buffer, sizeof(buffer));
	text_add_printable(&text, request->target.text, strlen(request->target.text), 256);
	text_add(&text, ": ");
	if (probe->result) {
		text_add_printable(&text, probe->error.message, strlen(probe->error.message), 512);
	} else {
		if (request->target.type == PROBE_HTTP)
			text_addf(&text, "HTTP status %d", probe->status);
		else
			text_add(&text, request->target.type == PROBE_WS ? "it speaks WebSocket"
									 : "it takes connections");
		if (is_as_expected(probe))
			text_add(&text, ", with what is expected");
	}
	text_add(&text, " (");
	text_add_span(&text, took_ms);
	text_add(&text, ")");
	puts(buffer);
}

enum probe_exit net_probe_run(const struct net_probe_request *request)
{
	struct net_probe probe = { .request = request };
	struct loop_hook hook = { .turn = net_probe_turn, .data = &probe };
	char message[PROBE_MESSAGE_BYTES];
	struct probe_request wire;
	uint64_t began_ms = clock_now_ms();

	probe_request_init(&wire, &request->target, message);
	wire.judge = net_probe_judge;
	wire.done = net_probe_on_done;
	wire.data = &probe;
	probe.result = loop_new(&probe.loop);
	if (probe.result)
		error_set(&probe.error, probe.result, "%s", strerror(-probe.result));
	else
		probe.result = probe_start(probe.loop, &wire,
		    deadline_after(loop_now_ms(probe.loop), request->timeout_ms), &probe.probe,
		    &probe.error);
	if (!probe.result)
		loop_run(probe.loop, &hook);
	print_seen(&probe, clock_now_ms() - began_ms);
	loop_free(probe.loop);
	if (!probe.result)
		return PROBE_EXIT_GOOD;
	return is_our_own(probe.result) ? PROBE_EXIT_UNKNOWN : PROBE_EXIT_BAD;
}
