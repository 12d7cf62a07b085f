/* Snapshots for the tests of the status reply, one for each situation that reads differently. */
#pragma once

#include <string.h>

#include "core/event_ring.h"
#include "core/snapshot.h"

static const int64_t sample_now_ms = 1795161600123; /* 2026-11-20T08:00:00.123Z */

static const char *const sample_output[] = { "listening on 18789", "caf\xc3\xa9 \"quoted\" \\" };
static const char *const sample_warnings[] = { "limit_nofile: not permitted" };

/* A gateway and a watcher that are well; the situations change what differs. */
struct sample {
	struct snapshot snapshot;
	struct snapshot_service services[2];
	struct auto_pair watcher;
	struct auto_pair_request pending[2];
};

static struct snapshot_service sample_gateway(void)
{
	return (struct snapshot_service){ .name = "gateway",
		.state = SERVICE_READY,
		.ready = true,
		.enabled = true,
		.command = "openclaw gateway run --port 18789",
		.pid = 12,
		.started_at_ms = sample_now_ms - 7380000,
		.uptime_ms = 7380000,
		.next_start_in_ms = -1,
		.stop_timeout_ms = 30000,
		.probe = { "http", "http://127.0.0.1:18789/health", 1, 0, sample_now_ms - 2100, 3,
		    NULL },
		.listener = { 18789, LISTENER_SELF, 12, "openclaw-gateway" },
		.last_output = { sample_output, 2 },
		.last_output_at_ms = sample_now_ms - 500 };
}

static struct snapshot_service sample_watcher(void)
{
	return (struct snapshot_service){ .name = "auto-pair",
		.state = SERVICE_READY,
		.ready = true,
		.enabled = true,
		.command = "nemopair",
		.pid = 34,
		.started_at_ms = sample_now_ms - 7370000,
		.uptime_ms = 7370000,
		.next_start_in_ms = -1,
		.stop_timeout_ms = 20000,
		.probe = { "notify", NULL, 1, 0, -1, -1, "slow: 2 approved" },
		.listener.port = -1,
		.last_output_at_ms = -1 };
}

static void sample_init(struct sample *sample)
{
	memset(sample, 0, sizeof(*sample));
	sample->services[0] = sample_gateway();
	sample->services[1] = sample_watcher();
	sample->watcher = (struct auto_pair){ .mode = AUTO_PAIR_SLOW,
		.approved = 2,
		.polls = 41,
		.skipped_polls = 12,
		.last_poll_at_ms = sample_now_ms - 12000,
		.next_poll_in_ms = 18000,
		.deadline_in_ms = 21420000 };
	sample->snapshot = (struct snapshot){ .health = HEALTH_HEALTHY,
		.nemoinit = { .version = "0.1.0",
		    .instance = "5f3a",
		    .pid = 1,
		    .is_pid1 = true,
		    .uid = 0,
		    .host = "pod-7",
		    .started_at_ms = sample_now_ms - 7384000,
		    .uptime_ms = 7384000,
		    .socket = "/run/nemoinit.sock",
		    .config = "/etc/nemoinit/nemoinit.ini",
		    .reaped = 128,
		    .stop_budget_ms = 8000 },
		.services = sample->services,
		.service_count = 2,
		.auto_pair = &sample->watcher };
}

/* The life before was killed. */
static void sample_kill(struct sample *sample)
{
	static const struct event events[] = {
		{ 40, 1795161500000, NULL, "reload", LOG_INFO, -1, "reload: 2 unchanged" },
		{ 41, 1795161541000, "gateway", "failing", LOG_WARN, 12,
		    "failing: no answer within 5s" },
	};

	sample->snapshot.nemoinit.previous_run = (struct snapshot_life){ .ended = LIFE_END_KILLED,
		.at_ms = sample_now_ms - 58000,
		.last_events = { events, 2 } };
}

/* Every field of the reply is something, for the way there and back. */
static void sample_full(struct sample *sample)
{
	struct snapshot_service *gateway = &sample->services[0];

	sample_init(sample);
	sample_kill(sample);
	sample->snapshot.health = HEALTH_BLOCKED;
	sample->snapshot.nemoinit.warnings = (struct snapshot_strings){ sample_warnings, 1 };
	gateway->state = SERVICE_BLOCKED;
	gateway->restarts = 3;
	gateway->consecutive_failures = 6;
	gateway->crash_loop = true;
	gateway->next_start_in_ms = 299000;
	gateway->blocked = (struct snapshot_blocked){ BLOCKED_FATAL_OUTPUT, "old-schema", "drift",
		"line one\nline two" };
	gateway->last_exit = (struct snapshot_exit){ EXIT_REASON_FATAL_OUTPUT, sample_now_ms - 2100,
		78, 9, 1, 245000, 11 };
	gateway->probe.detail = "connection refused";
	gateway->probe.failures = 4;
	gateway->warnings = (struct snapshot_strings){ sample_warnings, 1 };
	sample->pending[0] = (struct auto_pair_request){ "req-1", "cli", "cli",
		"operator.read operator.admin", AUTO_PAIR_REFUSED, "disallowed-scopes" };
	sample->pending[1] = (struct auto_pair_request){ "req-2", "openclaw-control-ui", "webchat",
		"operator.read", AUTO_PAIR_APPROVING, "" };
	sample->watcher.pending = sample->pending;
	sample->watcher.pending_count = 2;
	sample->watcher.rejected = 1;
	sample->watcher.timeouts = 5;
	sample->watcher.failed = 6;
	strcpy(sample->watcher.last_error, "list failed reason=timeout");
}
