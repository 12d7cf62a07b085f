/*
 * What status says of a service in words: why it is not as it should be, and what happens next.
 * Pure; text from outside is made printable. A command that is named here exists in nemoctl.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/snapshot.h"
#include "util/text.h"

/* Is there anything to say beyond its state? */
bool status_is_troubled(const struct snapshot_service *service);

/* Why it is in this state; nothing when there is no more to say. now_ms: since 1970. */
void status_add_why(struct text *text, const struct snapshot_service *service, int64_t now_ms);

/* What happens next, or what a person can do; nothing when all is well. */
void status_add_next(
    struct text *text, const struct snapshot *snapshot, const struct snapshot_service *service);

/* How and when it last ended: `killed by signal 11 SEGV (2.1s ago, ran 4m 05s)`. */
void status_add_exit(struct text *text, const struct snapshot_exit *last, int64_t now_ms);

/* `http://…: connection refused, 3 missed in a row, last good 12.0s ago` */
void status_add_probe(struct text *text, const struct snapshot_probe *probe, int64_t now_ms);

/* `port 18789 is held by a stranger, pid 4711 (…)`; the port must be known. */
void status_add_listener(struct text *text, const struct snapshot_listener *listener);

/* ` 2.1s ago`; nothing for an unknown or a future time. */
void status_add_ago(struct text *text, int64_t at_ms, int64_t now_ms);

/* `killed; last recorded 2.1s ago: gateway: ready …`; nothing for a life before that was not
 * killed. */
void status_add_previous_run(struct text *text, const struct snapshot_life *run, int64_t now_ms);

/* Strangers' text, printable and cut. NULL adds nothing. */
void status_add_outside(struct text *text, const char *string);
