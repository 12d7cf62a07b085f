/* What the parts of the service machine share; private to service*.c. */
#pragma once

#include <stdint.h>

#include "core/service.h"

/* The one writer of service->state. deadline_ms: of the new state; NEVER_MS: none. */
void service_enter(
    struct service *service, enum service_state state, uint64_t now_ms, uint64_t deadline_ms);

/* Down because somebody wants it so, or because it is not enabled (any more). */
void service_rest(struct service *service, bool is_disabled, uint64_t now_ms);

/* To `waiting`, where every start begins. These return SERVICE_DO_* bits, as all below. */
unsigned service_wait(struct service *service, uint64_t now_ms);
/* The same for a start that somebody asked for: the past is forgiven. */
unsigned service_start_afresh(struct service *service, uint64_t now_ms);

/* A process runs: the clocks of a start begin. */
void service_begin(struct service *service, uint64_t now_ms);
/* To `stopping`. limit_ms until KILL; 0: stop_timeout. */
unsigned service_stop(
    struct service *service, enum service_cause cause, uint64_t limit_ms, uint64_t now_ms);
/* To `ready`, unless it has written a fatal text. */
unsigned service_become_ready(struct service *service, uint64_t now_ms);

/* ---- service_health.c ---- */

/* Ready for stable_after without a break. */
bool service_is_stable(const struct service *service, uint64_t now_ms);
/* When failures and crash loop are forgotten; only if there is something to forget. */
uint64_t service_stable_ms(const struct service *service);
/* SERVICE_EV_TIMER while a process runs that is not being stopped. */
unsigned service_on_timer(struct service *service, uint64_t now_ms);
/* SERVICE_EV_PROBE_OK, _MISS likewise. */
unsigned service_on_probe(struct service *service, bool ok, uint64_t now_ms);
/* SERVICE_EV_NOTIFY_READY likewise. */
unsigned service_on_notify_ready(struct service *service, uint64_t now_ms);

/* ---- service_end.c ---- */

/* SERVICE_EV_EXEC_FAILED: what its end, which follows, is to be called. */
void service_on_exec_failed(struct service *service, const struct service_event *event);
/* SERVICE_EV_EXITED: says why it ended; the rest of its tree is to be ended first. */
unsigned service_on_exited(
    struct service *service, const struct service_event *event, uint64_t now_ms);
/* SERVICE_EV_ADOPTED: a new start, which nobody has made. */
unsigned service_on_adopted(
    struct service *service, const struct service_event *event, uint64_t now_ms);
/* SERVICE_EV_TREE_GONE: down, up again as asked, or what the restart rule says. */
unsigned service_on_tree_gone(struct service *service, uint32_t random, uint64_t now_ms);
/* SERVICE_EV_SPAWN_FAILED: a failed start like any other, but with nothing to reap or to end. */
unsigned service_on_spawn_failed(struct service *service, uint32_t random, uint64_t now_ms);
