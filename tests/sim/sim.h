/*
 * One supervisor in a fake world, and the rules that must hold after each of its turns (quality,
 * part 2): whoever runs it finds every broken one told with seed, step and the last log lines.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/supervisor.h"
#include "core/config.h"
#include "core/request.h"
#include "fake_io.h"
#include "util/macros.h"

struct settle;

enum {
	SIM_EVENTS_MAX = 20,  /* names of events of one service */
	SIM_CRASHES_MAX = 32, /* remembered for the window rule */
	SIM_FREEZES_MAX = 1024,
	SIM_SLACK_MS =
	    1500, /* what a rule about time allows for lateness too small to be noticed */
};

/* What the rules need to know of a service besides what it is now. */
struct sim_shadow {
	enum service_state state;
	uint64_t since_ms;
	uint64_t stop_timeout_ms; /* by which it is being stopped */
	unsigned state_lines;     /* since the last change of state */
	char state_line[20];
	uint64_t crashes_ms[SIM_CRASHES_MAX];
	unsigned crashes;
	struct {
		char name[20];
		unsigned count;
	} events[SIM_EVENTS_MAX];
};

/* Our own process stood still; counted from its last turn, as the supervisor does. */
struct sim_freeze {
	uint64_t end_ms;
	uint64_t length_ms;
};

struct sim {
	struct config config;
	struct supervisor supervisor;
	struct sim_shadow shadows[FAKE_SERVICES_MAX + 1]; /* the last is of nemoinit itself */
	struct settle *settles;
	char *reply; /* of the last request that was answered */
	uint64_t deadline_ms;
	uint64_t turn_ms;   /* when the last one was */
	uint64_t freeze_ms; /* the next wake-up is this late */
	struct sim_freeze freezes[SIM_FREEZES_MAX];
	unsigned freeze_count;
	uint64_t step;
	uint64_t second_ms; /* turns are counted in this second … */
	unsigned turns;
	unsigned long long seed; /* for the report; 0: a scripted scenario */
};

extern struct sim sim;

/* A supervisor of the configuration, whose services' commands are their names, at start_ms. */
void sim_start(const char *ini, uint64_t start_ms, uint32_t random_seed);
/* The same beside a command of the command line, whose first word is main. */
void sim_start_command(const char *ini, char *const *argv, uint64_t start_ms, uint32_t random_seed);
/* Another configuration; what is the same in it is looked at not to be touched. */
void sim_reload(const char *ini);
/* Frees everything and looks that nothing is left. */
void sim_end(void);

/* One wake-up, if it comes until limit_ms; else only the time passes. */
void sim_step(uint64_t limit_ms);
void sim_run(uint64_t duration_ms);
/* Until the service is in the state; fails after limit_ms. Returns how long it took. */
uint64_t sim_run_until(const char *name, enum service_state state, uint64_t limit_ms);
/* Until the shutdown is over; fails after limit_ms. */
uint64_t sim_run_down(uint64_t limit_ms);
/* A turn at once: what a request from outside causes. */
void sim_wake(void);
/* nemoinit is stopped for so long; the world goes on. */
void sim_freeze(uint64_t duration_ms);
/* How long it has stood still since. */
uint64_t sim_frozen_since(uint64_t since_ms);

struct unit *sim_unit(const char *name);
/* Its place in fake.services and sim.shadows, for ever; that among the units may change. */
size_t sim_place(const struct unit *unit);
struct service *sim_service(const char *name);
/* What its next start will do. */
struct fake_child *sim_child(const char *name);
struct fake_process *sim_main(const char *name);
/* How many such lines it has logged; name "": nemoinit itself. */
unsigned sim_events(const char *name, const char *event);

/* recover or restart (service "": all); the reply will be in sim.reply. 0 or -errno. */
int sim_request(enum request_op op, const char *service, uint64_t timeout_ms);

void sim_fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
