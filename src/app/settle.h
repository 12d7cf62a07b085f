/*
 * Requests that take time: recover and restart bring services up and answer when each has settled
 * (ready, blocked, failed) or time is up. The services go on whether or not somebody waits.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/request.h"

struct supervisor;
struct settle;

/*
 * Begins REQUEST_RECOVER or REQUEST_RESTART. Returns 0, -EBUSY when another restart works on one
 * of the services (`others`: the list of requests under way), -ENOENT for an unknown service,
 * -ENOMEM.
 */
int settle_new(struct supervisor *supervisor, const struct request *request, uint64_t client,
    const struct settle *others, uint64_t now_ms, struct settle **ret_settle);
void settle_free(struct settle *settle);

/* Does what is due. Returns true when everything has settled or time is up. */
bool settle_turn(struct settle *settle, uint64_t now_ms);

/* When settle_turn must be called at the latest. */
uint64_t settle_deadline_ms(const struct settle *settle);

/* The reply line, the caller's to free; NULL when memory is short. */
char *settle_encode(const struct settle *settle);

uint64_t settle_client(const struct settle *settle);
const char *settle_id(const struct settle *settle);

/* The list they are kept in; the owner links them. */
struct settle **settle_next(struct settle *settle);
