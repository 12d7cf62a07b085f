/*
 * What control.c and control_client.c share: the server's table and its clients. For these two
 * files only; everybody else includes control.h.
 */
#pragma once

#include "io/connection.h"
#include "io/control.h"

struct loop_watch;

struct control_client {
	struct control *control;
	struct loop_watch *watch;
	unsigned events;
	struct control_peer peer;
	uint64_t id;
	uint64_t active_ms;   /* when anything last came from it */
	uint64_t deadline_ms; /* of the line under way */
	bool is_waiting;
	bool is_last;
	bool is_broken;
	bool is_advancing;
	size_t unsent_max_bytes; /* 0: nothing has been pushed yet */
	struct connection connection;
};

struct control {
	struct loop *loop;
	struct endpoint endpoint;
	struct endpoint_config endpoint_config;
	struct loop_watch *watch;
	int notice_fd; /* inotify; -1: none */
	struct loop_watch *notice_watch;
	uint64_t look_ms;       /* when to look at the path */
	uint64_t look_pause_ms; /* and how often; NEVER_MS: when told to */
	const char *busy_line;
	struct control_handlers handlers;
	void *data;
	uint64_t next_id;
	uint64_t accept_ms;     /* when to accept again; NEVER_MS: not paused */
	uint64_t gone_check_ms; /* of clients that wait and can no longer be heard leaving */
	struct control_client *clients[CONTROL_CLIENT_MAX];
	size_t client_count;
};

/* ---- control_place.c: is the socket still where it was? ---- */

void control_place_init(struct control *control);
void control_place_deinit(struct control *control);
/* Looks if that is due; returns when it is due next. */
uint64_t control_place_turn(struct control *control, uint64_t now_ms);

/* ---- control_client.c ---- */

/* Who is at the other end; group: see control_peer. 0 or -errno. */
int control_peer_read(int fd, gid_t group, struct control_peer *ret_peer);

/* Takes *fd. Not yet in the table, without an id. Returns 0 or -errno. */
int control_client_new(struct control *control, int *fd, const struct control_peer *peer,
    struct control_client **ret_client);
void control_client_free(struct control_client *client);

/* Takes it out of the table, frees it, and tells that it has gone if it waited for a reply. */
void control_client_drop(struct control_client *client);

/* Wakes us for what it may do next. */
void control_client_listen(struct control_client *client);

/* After anything has happened to it: hands over lines, drops it when it is over. */
void control_client_advance(struct control_client *client, uint64_t now_ms);

/* Time limits; check_gone: also look whether it has left unheard. May drop it. */
void control_client_turn(struct control_client *client, bool check_gone, uint64_t now_ms);

/* Waiting, and its leaving would make no event: its input has ended, or its buffer is full. */
bool control_client_is_deaf(const struct control_client *client);
