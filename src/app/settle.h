/*
 * Requests that take time: recover, start and restart bring services up and are answered when each
 * has settled (ready, blocked, failed), stop when all are down, or when time is up. The services go
 * on whether or not somebody waits.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/request.h"

struct supervisor;
struct settle;

/*
 * Begins REQUEST_RECOVER, _START, _STOP or _RESTART. Returns 0, -EBUSY when another start, stop or
 * restart (and the request is one of these too) works on one
 * of the services (`others`: the list of requests under way), -ENOENT for an unknown service,
 * -ENOMEM.
 */
int settle_new(struct supervisor *supervisor, const struct request *request, uint64_t client,
    const struct settle *others, uint64_t now_ms, struct settle **ret_settle);
void settle_free(struct settle *settle);

/* Does what is due. */
void settle_turn(struct settle *settle, uint64_t now_ms);

/* Is it time to answer: has everything settled, or is time up? Not again after settle_answered. */
bool settle_is_answerable(const struct settle *settle, uint64_t now_ms);
/* The answer has been given, or nobody waits for it any more. */
void settle_answered(struct settle *settle);
bool settle_is_answered(const struct settle *settle);
/*
 * Answered, and nothing left to do. Past its answer a restart of all may still be on its way down,
 * and must not end half way.
 */
bool settle_is_over(const struct settle *settle);

/* When settle_turn must be called at the latest, if nothing happens before; NEVER_MS: never. */
uint64_t settle_deadline_ms(const struct settle *settle);

/* The reply line (in a shutdown: that it is one, but for a stop that is done), the caller's to
 * free; NULL when memory is short. */
char *settle_encode(const struct settle *settle);

uint64_t settle_client(const struct settle *settle);
/* Was it a bare word, so that the connection is closed behind the answer? */
bool settle_is_bare(const struct settle *settle);

/* The list they are kept in; the owner links them. */
struct settle **settle_next(struct settle *settle);
