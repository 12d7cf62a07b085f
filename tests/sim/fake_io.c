#include "fake_io.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/cgroup.h"
#include "io/clock.h"
#include "io/fd.h"
#include "io/job.h"
#include "io/listener.h"
#include "io/log.h"
#include "io/log_file.h"
#include "io/loop.h"
#include "io/notify.h"
#include "io/oom.h"
#include "io/output.h"
#include "io/privileges.h"
#include "io/probe.h"
#include "io/proc.h"
#include "io/reaper.h"
#include "io/spawn.h"
#include "io/text_file.h"
#include "io/terminal.h"
#include "io/tree.h"
#include "util/macros.h"

enum {
	FIRST_FD = 1000,
	FIRST_PID = 100000,
	STRANGER_PID = 4242,
};

static const char reply_good[] = "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{\"ok\":true}";
static const char reply_ws[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
			       "Connection: Upgrade\r\n"
			       "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
			       "\x81\x0b{\"ok\":true}";
static const char reply_other[] = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";

struct fake_fd {
	bool is_open;
	pid_t pid;             /* of a status pipe */
	struct output *output; /* of the writing end of an output pipe */
};

struct loop {
	char unused;
};

struct log {
	char unused;
};

struct loop_watch {
	int fd;
	void (*handle)(void *data, unsigned events);
	void *data;
};

struct output {
	pid_t start; /* whose processes write to it; 0: nobody yet */
	bool is_ended;
	void (*handle)(void *data, const char *bytes, size_t length_bytes);
	void *data;
};

struct notify_socket {
	char name[16];
	const char *messages[FAKE_MESSAGES_MAX];
	unsigned count;
	void (*handle)(void *data, const char *message, size_t length_bytes, pid_t pid, uid_t uid);
	void *data;
};

struct probe {
	struct probe_request request;
	uint64_t start_ms;
	uint64_t deadline_ms;
	pid_t pid; /* who took the connection; 0: refused; STRANGER_PID */
	bool is_ws;
};

/* The command of a job is the name of a fake_task, or of a service, which it is asked about. */
struct job {
	void (*handle)(void *data, const struct job_result *result);
	void *data;
	struct job_request request;
	uint64_t end_ms;      /* NEVER_MS: not by itself */
	uint64_t deadline_ms; /* NEVER_MS: idle */
	bool is_stopped;
};

struct fake fake;
static struct fake_fd fds[FAKE_OBJECTS_MAX];
static struct loop_watch *watches[FAKE_OBJECTS_MAX];
static struct output *outputs[FAKE_OBJECTS_MAX];
static struct notify_socket *notifies[FAKE_OBJECTS_MAX];
static struct probe *probes[FAKE_OBJECTS_MAX];
static struct job *jobs[FAKE_OBJECTS_MAX];

static _Noreturn void fault(const char *what)
{
	fake.on_fault(what);
	abort();
}

/* Keeps an object in a list of live ones. */
static void list_add(void **list, void *object, size_t *count)
{
	size_t place = 0;

	while (place < FAKE_OBJECTS_MAX && list[place])
		place++;
	if (!object || place == FAKE_OBJECTS_MAX)
		fault("too many objects alive");
	list[place] = object;
	++*count;
}

static void list_remove(void **list, const void *object, size_t *count)
{
	for (size_t i = 0; i < FAKE_OBJECTS_MAX; i++) {
		if (list[i] != object)
			continue;
		list[i] = NULL;
		--*count;
		return;
	}
	fault("freed an object that is not alive");
}

/* ---- the world ---- */

void fake_reset(uint64_t start_ms)
{
	fake = (struct fake){ .start_ms = start_ms, .now_ms = start_ms, .last_pid = FIRST_PID };
	/* What a test that failed has left must not disturb the next. */
	memset(fds, 0, sizeof(fds));
	memset(watches, 0, sizeof(watches));
	memset(outputs, 0, sizeof(outputs));
	memset(notifies, 0, sizeof(notifies));
	memset(probes, 0, sizeof(probes));
	memset(jobs, 0, sizeof(jobs));
}

struct fake_child fake_child_healthy(void)
{
	return (struct fake_child){ .exec_ms = 1,
		.serve_ms = 1000,
		.hang_ms = NEVER_MS,
		.hang_end_ms = NEVER_MS,
		.ping_ms = NEVER_MS,
		.ping_end_ms = NEVER_MS,
		.exit_ms = NEVER_MS,
		.term_ms = 5,
		.kill_ms = 1,
		.member_term_ms = 5,
		.chat_ms = NEVER_MS,
		.check_ms = 50,
		.check_code = -1 };
}

size_t fake_add_service(const char *name, uint16_t port)
{
	struct fake_service *service = &fake.services[fake.service_count];

	if (fake.service_count == FAKE_SERVICES_MAX)
		fault("too many services");
	*service = (struct fake_service){ .port = port,
		.child = fake_child_healthy(),
		.stranger_ms = NEVER_MS,
		.stranger_end_ms = NEVER_MS };
	snprintf(service->name, sizeof(service->name), "%s", name);
	return fake.service_count++;
}

void fake_add_task(const char *name)
{
	for (size_t i = 0; i < fake.task_count; i++)
		if (strcmp(fake.tasks[i].name, name) == 0)
			return;
	if (fake.task_count == FAKE_TASKS_MAX)
		fault("too many tasks");
	snprintf(fake.tasks[fake.task_count].name, sizeof(fake.tasks[0].name), "%s", name);
	fake.tasks[fake.task_count].end_ms = 1000;
	fake.tasks[fake.task_count++].term_ms = 5;
}

static struct fake_task *task_find(const char *name)
{
	for (size_t i = 0; i < fake.task_count; i++)
		if (strcmp(fake.tasks[i].name, name) == 0)
			return &fake.tasks[i];
	return NULL;
}

struct fake_task *fake_task(const char *name)
{
	struct fake_task *task = task_find(name);

	if (!task)
		fault("no such task");
	return task;
}

size_t fake_find_service(const char *name)
{
	for (size_t i = 0; i < fake.service_count; i++)
		if (strcmp(fake.services[i].name, name) == 0)
			return i;
	return FAKE_SERVICES_MAX;
}

static struct fake_process *process_new(void)
{
	for (size_t i = 0; i < FAKE_PROCESSES_MAX; i++) {
		if (fake.processes[i].pid)
			continue;
		fake.processes[i] = (struct fake_process){ .pid = ++fake.last_pid,
			.born_ms = fake.now_ms,
			.die_ms = NEVER_MS,
			.next_ping_ms = NEVER_MS,
			.next_chat_ms = NEVER_MS };
		return &fake.processes[i];
	}
	fault("too many processes");
}

static struct fake_process *process_find(pid_t pid)
{
	for (size_t i = 0; i < FAKE_PROCESSES_MAX; i++)
		if (pid && fake.processes[i].pid == pid)
			return &fake.processes[i];
	return NULL;
}

static bool is_alive(const struct fake_process *process)
{
	return process->pid && !process->is_zombie;
}

struct fake_process *fake_main(size_t service)
{
	for (size_t i = 0; i < FAKE_PROCESSES_MAX; i++) {
		struct fake_process *process = &fake.processes[i];

		if (process->pid && process->is_main && process->service == service)
			return process;
	}
	return NULL;
}

struct fake_process *fake_member(size_t service)
{
	for (size_t i = 0; i < FAKE_PROCESSES_MAX; i++)
		if (is_alive(&fake.processes[i]) && !fake.processes[i].is_main &&
		    fake.processes[i].service == service)
			return &fake.processes[i];
	return NULL;
}

struct fake_process *fake_orphan(void)
{
	struct fake_process *orphan = process_new();

	orphan->service = FAKE_SERVICES_MAX;
	orphan->is_child = true;
	orphan->plan = fake_child_healthy();
	return orphan;
}

unsigned fake_count_alive(size_t service)
{
	unsigned count = 0;

	for (size_t i = 0; i < FAKE_PROCESSES_MAX; i++)
		count += is_alive(&fake.processes[i]) && fake.processes[i].service == service;
	return count;
}

bool fake_is_hanging(const struct fake_process *process, uint64_t at_ms)
{
	return at_ms >= deadline_after(process->born_ms, process->plan.hang_ms) &&
	       at_ms < deadline_after(process->born_ms, process->plan.hang_end_ms);
}

void fake_kill(struct fake_process *process, int signal)
{
	const struct fake_child *plan = &process->plan;
	uint64_t delay_ms = signal == SIGKILL  ? plan->kill_ms
			    : process->is_main ? plan->term_ms
					       : plan->member_term_ms;
	uint64_t die_ms = deadline_after(fake.now_ms, delay_ms);

	if (process->is_zombie || die_ms >= process->die_ms)
		return;
	process->die_ms = die_ms;
	process->exit = signal == SIGKILL
			    ? (struct exit_info){ .by_signal = true, .value = SIGKILL }
			    : plan->term_exit;
}

void fake_send(const struct fake_process *process, const char *message)
{
	for (size_t i = 0; i < FAKE_OBJECTS_MAX; i++) {
		struct notify_socket *to = notifies[i];

		if (to && strcmp(to->name, process->notify) == 0 && to->count < FAKE_MESSAGES_MAX)
			to->messages[to->count++] = message;
	}
}

/* The one that it has started in its place takes over. */
static void process_bequeath(const struct fake_process *process)
{
	struct fake_process *heir = fake_member(process->service);
	uint64_t exec_ms = process->plan.exec_ms;

	if (!process->plan.has_heir || !process->is_ready || !heir)
		return;
	heir->plan = fake_child_healthy();
	heir->plan.exec_ms = exec_ms;
	heir->plan.ping_ms = process->plan.ping_ms;
	heir->plan.kill_ms = process->plan.kill_ms;
	heir->plan.member_term_ms = heir->plan.term_ms;
	heir->born_ms = fake.now_ms;
	heir->is_ready = heir->is_heir = heir->has_executed = true;
	heir->holds_port = fake.services[process->service].port != 0;
	heir->next_ping_ms = deadline_after(fake.now_ms, heir->plan.ping_ms);
	memcpy(heir->notify, process->notify, sizeof(heir->notify));
	fake_send(heir, "READY=1");
}

static void process_die(struct fake_process *process)
{
	bool held_port = process->holds_port;

	process->is_zombie = true;
	process->holds_port = false;
	if (!process->is_child) { /* its parent, which lives, reaps it */
		process->pid = 0;
		return;
	}
	fake.has_sigchld = true;
	if (!process->is_main)
		return;
	for (size_t i = 0; i < FAKE_PROCESSES_MAX; i++)
		if (fake.processes[i].pid && fake.processes[i].service == process->service)
			fake.processes[i].is_child = true;
	if (held_port)
		process_bequeath(process);
}

/* It begins to serve, unless a stranger sits on its port. */
static void process_serve(struct fake_process *process)
{
	const struct fake_service *service = &fake.services[process->service];

	process->is_ready = true;
	if (service->has_stranger) {
		process->die_ms = fake.now_ms;
		process->exit = (struct exit_info){ .value = 1 };
		return;
	}
	process->holds_port = service->port != 0;
	/* The clock may have leapt over it. */
	process->next_ping_ms = deadline_after(
	    deadline_after(process->born_ms, process->plan.serve_ms), process->plan.ping_ms);
	fake_send(process, "READY=1");
}

static void process_live(struct fake_process *process)
{
	const struct fake_child *plan = &process->plan;
	uint64_t now_ms = fake.now_ms;

	if (process->is_main && now_ms >= deadline_after(process->born_ms, plan->exec_ms))
		process->has_executed = true;
	if (process->is_main && !process->is_ready && now_ms < process->die_ms &&
	    now_ms >= deadline_after(process->born_ms, plan->serve_ms))
		process_serve(process);
	if (now_ms >= process->next_ping_ms) {
		process->next_ping_ms = deadline_after(now_ms, plan->ping_ms);
		if (now_ms < deadline_after(process->born_ms, plan->ping_end_ms) &&
		    !fake_is_hanging(process, now_ms))
			fake_send(process, "WATCHDOG=1\nSTATUS=fine");
	}
	if (now_ms >= process->next_chat_ms) {
		process->next_chat_ms = deadline_after(now_ms, plan->chat_ms);
		process->has_words = true;
	}
	if (now_ms >= process->die_ms)
		process_die(process);
}

static void service_live(struct fake_service *service, size_t place)
{
	const struct fake_process *process = fake_main(place);

	if (fake.now_ms >= service->stranger_end_ms)
		service->has_stranger = false;
	else if (fake.now_ms >= service->stranger_ms && !(process && process->holds_port))
		service->has_stranger = true;
}

void fake_advance(uint64_t now_ms)
{
	fake.now_ms = now_ms;
	for (size_t i = 0; i < fake.service_count; i++)
		service_live(&fake.services[i], i);
	for (size_t i = 0; i < FAKE_PROCESSES_MAX; i++)
		if (is_alive(&fake.processes[i]))
			process_live(&fake.processes[i]);
}

/* ---- what wakes nemoinit ---- */

static bool is_status_readable(const struct loop_watch *watch)
{
	const struct fake_process *process = process_find(fds[watch->fd - FIRST_FD].pid);

	return !process || process->has_executed || process->is_zombie;
}

/* When, and how, a probe that has been begun ends by itself. */
static uint64_t probe_end_ms(const struct probe *probe, int *ret_result)
{
	const struct fake_process *process = process_find(probe->pid);
	uint64_t end_ms = deadline_after(probe->start_ms, FAKE_LATENCY_MS);

	*ret_result = 0;
	if (probe->pid == STRANGER_PID)
		return end_ms;
	if (!probe->pid) {
		*ret_result = -ECONNREFUSED;
		return probe->start_ms;
	}
	/* The kernel completes a connection, whatever the process does. */
	if (probe->request.message && process && fake_is_hanging(process, end_ms))
		end_ms = deadline_after(
		    deadline_after(process->born_ms, process->plan.hang_end_ms), FAKE_LATENCY_MS);
	if (!process || process->is_zombie || process->die_ms <= end_ms) {
		*ret_result = -ECONNRESET;
		return process && !process->is_zombie ? process->die_ms : probe->start_ms;
	}
	return end_ms;
}

static bool has_writer(const struct output *output)
{
	for (size_t i = 0; i < FAKE_PROCESSES_MAX; i++)
		if (is_alive(&fake.processes[i]) && fake.processes[i].start == output->start)
			return true;
	return !output->start;
}

static uint64_t process_next_ms(const struct fake_process *process)
{
	uint64_t next_ms =
	    min_ms(process->die_ms, min_ms(process->next_ping_ms, process->next_chat_ms));

	if (process->is_main && !process->is_ready)
		next_ms = min_ms(next_ms, deadline_after(process->born_ms, process->plan.serve_ms));
	if (process->is_main && !process->has_executed)
		next_ms = min_ms(next_ms, deadline_after(process->born_ms, process->plan.exec_ms));
	return next_ms;
}

uint64_t fake_next_ms(void)
{
	uint64_t next_ms = fake.has_sigchld ? fake.now_ms : NEVER_MS;
	int result;

	for (size_t i = 0; i < FAKE_PROCESSES_MAX; i++)
		if (is_alive(&fake.processes[i]))
			next_ms = min_ms(next_ms, process_next_ms(&fake.processes[i]));
	for (size_t i = 0; i < FAKE_OBJECTS_MAX; i++) {
		if (probes[i])
			next_ms = min_ms(next_ms, probe_end_ms(probes[i], &result));
		if (jobs[i])
			next_ms = min_ms(next_ms, jobs[i]->end_ms);
		if ((notifies[i] && notifies[i]->count) ||
		    (watches[i] && is_status_readable(watches[i])) ||
		    (outputs[i] && !outputs[i]->is_ended && !has_writer(outputs[i])))
			next_ms = min_ms(next_ms, fake.now_ms);
	}
	return max_ms(next_ms, fake.now_ms);
}

/* Its judge has read the answer; 1 good, else -errno. */
static int probe_judge(const struct probe *probe, struct error *error)
{
	const char *reply = probe->pid == STRANGER_PID && fake.now_ms % 2 ? reply_other
			    : probe->is_ws                                ? reply_ws
									  : reply_good;
	int verdict;

	if (!probe->request.message)
		return 1;
	/* It may come in two pieces. */
	verdict = probe->request.judge(probe->request.data, reply, 9, false, error);
	if (!verdict)
		verdict =
		    probe->request.judge(probe->request.data, reply, strlen(reply), true, error);
	return verdict ? verdict : -EPROTO;
}

static void dispatch_probe(struct probe *probe)
{
	struct error error = { .message = "" };
	int result;

	if (probe_end_ms(probe, &result) > fake.now_ms)
		return;
	if (!result) {
		result = probe_judge(probe, &error);
		result = result > 0 ? 0 : result;
	} else {
		error_set(&error, result, "connect: %s", strerror(-result));
	}
	probe->request.done(probe->request.data, result, result ? &error : NULL);
}

static size_t service_of(const char *name);

static int probe_code(const char *service)
{
	const struct fake_process *process = fake_main(service_of(service));
	int code = process ? process->plan.check_code : 1;

	if (code < 0)
		code = !process->is_ready || fake_is_hanging(process, fake.now_ms);
	return code;
}

/* Its handler may free it. */
static void job_end(struct job *job, enum job_outcome outcome)
{
	struct fake_task *task = task_find(job->request.spawn.argv[0]);
	static const struct spawn_report report; /* nothing is refused here */
	struct job_result result = { .outcome = outcome, .report = &report };

	result.exit.value = task ? task->code : probe_code(job->request.spawn.argv[0]);
	if (task)
		task->running--;
	job->end_ms = job->deadline_ms = NEVER_MS;
	job->request.handle_output(job->data, false, "a line\nand the last", 19);
	job->handle(job->data, &result);
}

static void dispatch_notify(struct notify_socket *socket)
{
	const char *message = socket->messages[0];

	memmove(socket->messages, socket->messages + 1, --socket->count * sizeof(message));
	socket->handle(socket->data, message, strlen(message), FIRST_PID, getuid());
}

static void dispatch_output(struct output *output)
{
	if (!has_writer(output)) {
		output->is_ended = true;
		output->handle(output->data, NULL, 0);
		return;
	}
	for (size_t i = 0; i < FAKE_PROCESSES_MAX; i++) {
		struct fake_process *process = &fake.processes[i];

		if (!is_alive(process) || process->start != output->start || !process->has_words)
			continue;
		process->has_words = false;
		output->handle(output->data, "a line\nand more", 15);
	}
}

bool fake_dispatch(void)
{
	bool has_sigchld = fake.has_sigchld;

	fake.has_sigchld = false;
	for (size_t i = 0; i < FAKE_OBJECTS_MAX; i++) {
		if (probes[i])
			dispatch_probe(probes[i]);
		if (jobs[i] && jobs[i]->end_ms <= fake.now_ms)
			job_end(jobs[i], jobs[i]->is_stopped ? JOB_TIMED_OUT : JOB_EXITED);
		if (notifies[i] && notifies[i]->count)
			dispatch_notify(notifies[i]);
		if (watches[i] && is_status_readable(watches[i]))
			watches[i]->handle(watches[i]->data, LOOP_READ);
		if (outputs[i] && outputs[i]->start && !outputs[i]->is_ended)
			dispatch_output(outputs[i]);
	}
	return has_sigchld;
}

/* ---- clock, loop, log ---- */

uint64_t clock_now_ms(void)
{
	return fake.now_ms;
}

uint64_t clock_epoch_ms(void)
{
	return UINT64_C(1800000000000) + (fake.now_ms - fake.start_ms);
}

uint64_t loop_now_ms(const struct loop *loop)
{
	(void)loop;
	return fake.now_ms;
}

int loop_watch_new(struct loop *loop, int fd, unsigned events,
    void (*handle)(void *data, unsigned events), void *data, struct loop_watch **ret_watch)
{
	struct loop_watch *watch = malloc(sizeof(*watch));

	(void)loop;
	(void)events;
	list_add((void **)watches, watch, &fake.watches);
	*watch = (struct loop_watch){ .fd = fd, .handle = handle, .data = data };
	*ret_watch = watch;
	return 0;
}

void loop_watch_free(struct loop_watch **watch)
{
	if (!*watch)
		return;
	list_remove((void **)watches, *watch, &fake.watches);
	free(*watch);
	*watch = NULL;
}

/* Takes `"key":"value"` out of a line. */
static bool get_member(const char *line, const char *key, char *value, size_t size_bytes)
{
	const char *at = strstr(line, key);
	size_t length;

	if (!at)
		return false;
	at += strlen(key);
	length = strcspn(at, "\"");
	snprintf(value, size_bytes, "%.*s", (int)length, at);
	return true;
}

void log_write(struct log *log, const char *line, size_t length_bytes)
{
	char service[40], event[40];

	(void)log;
	if (!length_bytes || line[length_bytes - 1] != '\n')
		fault("a log line without an end");
	snprintf(fake.log[fake.log_next++ % FAKE_LOG_LINES], FAKE_LOG_LINE_BYTES, "%.*s",
	    (int)length_bytes - 1, line);
	if (!fake.on_event || !get_member(line, "\"event\":\"", event, sizeof(event)))
		return;
	if (!get_member(line, "\"service\":\"", service, sizeof(service)))
		service[0] = '\0';
	fake.on_event(service, event);
}

void log_flush(struct log *log)
{
	(void)log;
}

uint64_t log_take_dropped(struct log *log)
{
	(void)log;
	return 0;
}

struct log_file {
	unsigned added;
	uint64_t lost;
	uint64_t dropped;
	uint64_t retry_ms; /* NEVER_MS: no problem */
};

int log_file_new(const struct log_file_options *options, struct log_file **ret_file)
{
	struct log_file *file = malloc(sizeof(*file));

	if (!options->directory[0] || !options->name[0])
		fault("a log file without a place");
	*file = (struct log_file){ .retry_ms = NEVER_MS };
	fake.log_files++;
	*ret_file = file;
	return 0;
}

void log_file_free(struct log_file **file)
{
	if (!*file)
		return;
	if ((*file)->added)
		fault("lines for a log file are forgotten");
	fake.log_files--;
	free(*file);
	*file = NULL;
}

void log_file_add(struct log_file *file, uint64_t epoch_ms, const char *line, size_t length_bytes,
    uint64_t now_ms)
{
	(void)epoch_ms;
	if (memchr(line, '\n', length_bytes))
		fault("a line that is two");
	log_file_turn(file, now_ms);
	file->added++;
}

void log_file_flush(struct log_file *file, uint64_t now_ms)
{
	if (file->added && fake.is_disk_full && file->retry_ms == NEVER_MS) {
		file->lost = 0;
		file->retry_ms = now_ms + LOG_FILE_RETRY_MS;
	}
	if (file->retry_ms == NEVER_MS) {
		fake.file_lines += file->added;
	} else {
		file->lost += file->added;
		file->dropped += file->added;
	}
	file->added = 0;
}

void log_file_turn(struct log_file *file, uint64_t now_ms)
{
	if (now_ms < file->retry_ms)
		return;
	fake.file_tries++;
	file->retry_ms = fake.is_disk_full ? now_ms + LOG_FILE_RETRY_MS : NEVER_MS;
}

uint64_t log_file_deadline_ms(const struct log_file *file)
{
	return file->retry_ms;
}

const char *log_file_path(const struct log_file *file)
{
	(void)file;
	return "/logs/x.log";
}

const char *log_file_problem(const struct log_file *file)
{
	return file->retry_ms == NEVER_MS ? NULL : "/logs/x.log: full";
}

uint64_t log_file_dropped(const struct log_file *file)
{
	return file->dropped;
}

uint64_t log_file_lost(const struct log_file *file)
{
	return file->lost;
}

/* ---- descriptors ---- */

static int fd_new(pid_t pid, struct output *output)
{
	int place = 0;

	while (place < FAKE_OBJECTS_MAX && fds[place].is_open)
		place++;
	if (place == FAKE_OBJECTS_MAX)
		fault("too many descriptors");
	fds[place] = (struct fake_fd){ .is_open = true, .pid = pid, .output = output };
	fake.fds++;
	return FIRST_FD + place;
}

void fd_close(int *fd)
{
	if (*fd < 0)
		return;
	if (*fd < FIRST_FD || *fd >= FIRST_FD + FAKE_OBJECTS_MAX || !fds[*fd - FIRST_FD].is_open)
		fault("closed a descriptor that is not open");
	for (size_t i = 0; i < FAKE_OBJECTS_MAX; i++)
		if (watches[i] && watches[i]->fd == *fd)
			fault("closed a descriptor that is being watched");
	fds[*fd - FIRST_FD].is_open = false;
	fake.fds--;
	*fd = -1;
}

/* ---- processes ---- */

static void spawn_members(const struct fake_process *leader)
{
	for (unsigned i = 0; i < leader->plan.members; i++) {
		struct fake_process *member = process_new();

		member->session = leader->plan.has_sessions ? member->pid : leader->session;
		member->start = leader->pid;
		memcpy(member->notify, leader->notify, sizeof(member->notify));
		member->service = leader->service;
		member->plan = leader->plan;
	}
}

static size_t service_of(const char *name)
{
	size_t place = fake_find_service(name);

	if (place == FAKE_SERVICES_MAX)
		fault("a command of no service");
	return place;
}

static void spawn_connect(struct fake_process *process, const struct spawn_request *request)
{
	static const char variable[] = "NOTIFY_SOCKET=";
	const int outs[] = { request->stdout_fd, request->stderr_fd };

	for (size_t i = 0; i < ARRAY_LEN(outs); i++)
		if (outs[i] >= FIRST_FD && fds[outs[i] - FIRST_FD].output)
			fds[outs[i] - FIRST_FD].output->start = process->pid;
	for (char *const *entry = request->environment; entry && *entry; entry++)
		if (strncmp(*entry, variable, strlen(variable)) == 0)
			snprintf(process->notify, sizeof(process->notify), "%s",
			    *entry + strlen(variable));
}

int spawn_start(
    const struct spawn_request *request, pid_t *ret_pid, int *ret_status_fd, struct error *error)
{
	size_t place = service_of(request->argv[0]);
	struct fake_service *service = &fake.services[place];
	struct fake_process *process;

	if (fake_main(place) || fake_count_alive(place))
		fault("a start while something of the last one is left");
	if (fake.on_spawn)
		fake.on_spawn(place);
	if (fake.fork_error)
		return error_set(error, -fake.fork_error, "fork: %s", strerror(fake.fork_error));
	service->starts++;
	service->last_start_ms = fake.now_ms;
	process = process_new();
	process->session = process->start = process->pid;
	process->service = place;
	process->is_main = process->is_child = true;
	process->plan = service->child;
	process->die_ms = deadline_after(fake.now_ms, process->plan.exit_ms);
	process->exit = process->plan.exit;
	process->next_chat_ms = deadline_after(fake.now_ms, process->plan.chat_ms);
	if (process->plan.exec_error) {
		process->die_ms = deadline_after(fake.now_ms, process->plan.exec_ms);
		process->exit = (struct exit_info){ .value = 127 };
	}
	spawn_connect(process, request);
	spawn_members(process);
	*ret_pid = process->pid;
	*ret_status_fd = fd_new(process->pid, NULL);
	return 0;
}

int spawn_read_status(int status_fd, const struct spawn_request *request,
    struct spawn_report *report, struct error *error)
{
	const struct fake_process *process = process_find(fds[status_fd - FIRST_FD].pid);

	if (fake.is_status_held)
		return 1;
	/* The supervisor asks for the last time when the process has just been reaped. */
	if (process && !process->has_executed && !process->is_zombie)
		return 1;
	if (process && process->plan.exec_error)
		return error_set(error, -process->plan.exec_error, "exec '%s': %s",
		    request->argv[0], strerror(process->plan.exec_error));
	return 0;
}

bool terminal_is_ours(void)
{
	return false;
}

void terminal_take_back(void)
{
}

bool reaper_drain(unsigned max_count,
    void (*handle)(void *data, pid_t pid, const struct exit_info *exit), void *data)
{
	for (size_t i = 0; i < FAKE_PROCESSES_MAX; i++) {
		struct fake_process *process = &fake.processes[i];
		pid_t pid = process->pid;

		if (!pid || !process->is_zombie)
			continue;
		if (!max_count--)
			return true;
		/* Told first: what its pipes hold can still be read. */
		handle(data, pid, &process->exit);
		process->pid = 0;
	}
	return false;
}

/* kill(2) for what the supervisor signals itself: the rest, at the end of a shutdown. */
int kill(pid_t pid, int signal)
{
	unsigned found = 0;

	for (size_t i = 0; i < FAKE_PROCESSES_MAX; i++) {
		struct fake_process *process = &fake.processes[i];

		if (!process->pid || (pid != -1 && process->pid != pid))
			continue;
		found++;
		fake_kill(process, signal);
	}
	if (found)
		return 0;
	errno = ESRCH;
	return -1;
}

int proc_each_child(bool (*handle)(void *data, pid_t pid), void *data)
{
	for (size_t i = 0; i < FAKE_PROCESSES_MAX; i++)
		if (fake.processes[i].pid && fake.processes[i].is_child &&
		    !handle(data, fake.processes[i].pid))
			break;
	return 0;
}

int tree_signal_main(pid_t main_pid, int signal)
{
	struct fake_process *process = process_find(main_pid);

	if (!process)
		return -ESRCH;
	fake_kill(process, signal);
	return 0;
}

static struct tree_member *tree_find(const struct tree *tree, pid_t pid)
{
	for (size_t i = 0; i < tree->count; i++)
		if (tree->members[i].pid == pid)
			return &tree->members[i];
	return NULL;
}

static size_t service_of_tree(const struct tree *tree)
{
	const char *colon = strchr(tree->mark, ':');

	if (!colon)
		fault("a tree without a mark");
	return service_of(colon + 1);
}

void tree_set_main(struct tree *tree, pid_t main_pid, pid_t leader)
{
	struct fake_process *main = process_find(main_pid);

	if (!main || main->is_zombie || main->service != service_of_tree(tree) || !main->is_child)
		fault("a main process that cannot be one");
	for (size_t i = 0; i < FAKE_PROCESSES_MAX; i++)
		if (fake.processes[i].service == main->service)
			fake.processes[i].is_main = false;
	main->is_main = true;
	tree->main_pid = main_pid;
	tree->leaders[0] = leader;
}

void tree_clear(struct tree *tree)
{
	free(tree->members);
	tree->members = NULL;
	tree->count = 0;
	tree->main_pid = tree->leaders[0] = 0;
}

int tree_look(struct tree *const *trees, size_t count,
    void (*on_orphan)(void *data, const struct proc_stat *stat), void *data)
{
	for (size_t i = 0; i < count; i++) {
		struct tree *tree = trees[i];
		size_t place = service_of_tree(tree);

		free(tree->members);
		tree->members = calloc(FAKE_PROCESSES_MAX, sizeof(*tree->members));
		tree->count = 0;
		for (size_t k = 0; k < FAKE_PROCESSES_MAX; k++)
			if (is_alive(&fake.processes[k]) && fake.processes[k].service == place)
				tree->members[tree->count++].pid = fake.processes[k].pid;
	}
	for (size_t k = 0; on_orphan && k < FAKE_PROCESSES_MAX; k++) {
		struct proc_stat stat = { .pid = fake.processes[k].pid };

		if (is_alive(&fake.processes[k]) && fake.processes[k].service == FAKE_SERVICES_MAX)
			on_orphan(data, &stat);
	}
	return 0;
}

bool tree_has(const struct tree *tree, const struct proc_stat *stat)
{
	const struct fake_process *process = process_find(stat->pid);

	return process && process->service == service_of_tree(tree);
}

bool tree_has_survivor(struct tree *tree)
{
	for (; tree->count; tree->count--) {
		const struct fake_process *process =
		    process_find(tree->members[tree->count - 1].pid);

		if (process && !process->is_zombie)
			return true;
	}
	return false;
}

bool tree_are_children_known(bool (*is_known)(void *data, pid_t pid), void *data)
{
	for (size_t i = 0; i < FAKE_PROCESSES_MAX; i++)
		if (is_alive(&fake.processes[i]) && fake.processes[i].is_child &&
		    !is_known(data, fake.processes[i].pid))
			return false;
	return true;
}

/* Who has not been seen at a look, or has been forgotten since, is not found. */
void tree_signal(const struct tree *tree, int signal)
{
	for (size_t i = 0; i < FAKE_PROCESSES_MAX; i++)
		if (is_alive(&fake.processes[i]) && tree_find(tree, fake.processes[i].pid))
			fake_kill(&fake.processes[i], signal);
}

void tree_kill(struct tree *tree)
{
	(void)tree_look(&tree, 1, NULL, NULL);
	tree_signal(tree, SIGKILL);
}

int proc_read_stat(pid_t pid, struct proc_stat *ret_stat)
{
	const struct fake_process *process = process_find(pid);

	if (!process)
		return -ESRCH;
	*ret_stat = (struct proc_stat){ .pid = pid,
		.parent = process->is_child ? getpid() : process->start,
		.session = process->session,
		.state = process->is_zombie ? 'Z' : 'S',
		.threads = 1 };
	return 0;
}

bool proc_is_dead(const struct proc_stat *stat)
{
	return stat->state == 'Z';
}

void proc_read_command(pid_t pid, char *buffer, size_t size_bytes)
{
	snprintf(buffer, size_bytes, "process %d", (int)pid);
}

/* There are none here. */
char *cgroup_make(const char *instance, const char *service)
{
	(void)instance;
	(void)service;
	return NULL;
}

bool cgroup_is_populated(const char *directory)
{
	(void)directory;
	return false;
}

bool cgroup_remove(char **directory)
{
	(void)directory;
	return true;
}

int oom_open(const char *root)
{
	(void)root;
	return fd_new(0, NULL);
}

int oom_read(int fd, uint64_t *ret_count)
{
	(void)fd;
	*ret_count = fake.oom_count;
	return 0;
}

/* ---- output, notifications ---- */

int output_new(struct loop *loop,
    void (*handle)(void *data, const char *bytes, size_t length_bytes), void *data,
    struct output **ret_output, int *ret_write_fd)
{
	struct output *output = malloc(sizeof(*output));

	(void)loop;
	list_add((void **)outputs, output, &fake.outputs);
	*output = (struct output){ .handle = handle, .data = data };
	*ret_output = output;
	*ret_write_fd = fd_new(0, output);
	return 0;
}

void output_drain(struct output *output)
{
	if (output->is_ended || has_writer(output))
		return;
	output->is_ended = true;
	output->handle(output->data, "last words", 10);
	output->handle(output->data, NULL, 0);
}

void output_free(struct output **output)
{
	if (!*output)
		return;
	list_remove((void **)outputs, *output, &fake.outputs);
	free(*output);
	*output = NULL;
}

int notify_socket_new(struct loop *loop,
    void (*handle)(void *data, const char *message, size_t length_bytes, pid_t pid, uid_t uid),
    void *data, struct notify_socket **ret_socket, struct error *error)
{
	static unsigned last;
	struct notify_socket *socket = malloc(sizeof(*socket));

	(void)loop;
	(void)error;
	list_add((void **)notifies, socket, &fake.notifies);
	*socket = (struct notify_socket){ .handle = handle, .data = data };
	snprintf(socket->name, sizeof(socket->name), "@%05x", ++last & 0xfffff);
	*ret_socket = socket;
	return 0;
}

void notify_socket_free(struct notify_socket **socket)
{
	if (!*socket)
		return;
	list_remove((void **)notifies, *socket, &fake.notifies);
	free(*socket);
	*socket = NULL;
}

void notify_socket_drain(struct notify_socket *socket)
{
	while (socket->count)
		dispatch_notify(socket);
}

const char *notify_socket_name(const struct notify_socket *socket)
{
	return socket->name;
}

/* ---- probes and ports ---- */

static pid_t port_holder(uint16_t port)
{
	for (size_t i = 0; i < fake.service_count; i++)
		if (fake.services[i].port == port && fake.services[i].has_stranger)
			return STRANGER_PID;
	for (size_t i = 0; i < FAKE_PROCESSES_MAX; i++) {
		const struct fake_process *process = &fake.processes[i];

		if (is_alive(process) && process->holds_port &&
		    fake.services[process->service].port == port)
			return process->pid;
	}
	return 0;
}

void listener_find(const struct listener_query *query, struct listener *ret_listener)
{
	struct proc_stat stat = { .pid = port_holder(query->port) };

	*ret_listener = (struct listener){ .owner = LISTENER_NONE, .pid = stat.pid };
	if (!stat.pid)
		return;
	ret_listener->owner =
	    query->tree && tree_has(query->tree, &stat) ? LISTENER_SELF : LISTENER_FOREIGN;
	proc_read_command(stat.pid, ret_listener->command, sizeof(ret_listener->command));
}

int probe_start(struct loop *loop, const struct probe_request *request, uint64_t deadline_ms,
    struct probe **ret_probe, struct error *error)
{
	struct probe *probe = malloc(sizeof(*probe));

	(void)loop;
	(void)error;
	list_add((void **)probes, probe, &fake.probes);
	*probe = (struct probe){ .request = *request,
		.start_ms = fake.now_ms,
		.deadline_ms = deadline_ms,
		.pid = port_holder(request->port) };
	if (probe->request.message) {
		probe->is_ws = memmem(request->message, request->message_bytes, "Upgrade", 7);
		probe->request.message = "GET"; /* the caller's may be gone by now */
	}
	*ret_probe = probe;
	return 0;
}

void probe_cancel(struct probe **probe)
{
	if (!*probe)
		return;
	list_remove((void **)probes, *probe, &fake.probes);
	free(*probe);
	*probe = NULL;
}

uint64_t probe_turn(struct probe *probe, uint64_t now_ms)
{
	struct error error;

	if (!probe)
		return NEVER_MS;
	if (now_ms < probe->deadline_ms)
		return probe->deadline_ms;
	error_set(&error, -ETIMEDOUT, "no reply in time");
	probe->request.done(probe->request.data, -ETIMEDOUT, &error);
	return NEVER_MS;
}

/* ---- jobs ---- */

int job_new(struct loop *loop, void (*handle)(void *data, const struct job_result *result),
    void *data, struct job **ret_job)
{
	struct job *job = malloc(sizeof(*job));

	(void)loop;
	list_add((void **)jobs, job, &fake.jobs);
	*job = (struct job){
		.handle = handle, .data = data, .end_ms = NEVER_MS, .deadline_ms = NEVER_MS
	};
	*ret_job = job;
	return 0;
}

void job_free(struct job **job)
{
	struct fake_task *task;

	if (!*job)
		return;
	task = (*job)->deadline_ms == NEVER_MS ? NULL : task_find((*job)->request.spawn.argv[0]);
	if (task)
		task->running--;
	list_remove((void **)jobs, *job, &fake.jobs);
	free(*job);
	*job = NULL;
}

static void task_begin(struct fake_task *task, char *const *environment)
{
	static const char event[] = "NEMOINIT_EVENT=", service[] = "NEMOINIT_SERVICE=";

	if (task->running++)
		fault("two runs of one task");
	task->starts++;
	task->told[0] = '\0';
	for (; *environment; environment++)
		if (strncmp(*environment, event, strlen(event)) == 0 ||
		    strncmp(*environment, service, strlen(service)) == 0)
			snprintf(task->told + strlen(task->told),
			    sizeof(task->told) - strlen(task->told), "%s ",
			    strchr(*environment, '=') + 1);
}

int job_start(
    struct job *job, const struct job_request *request, uint64_t now_ms, struct error *error)
{
	struct fake_task *task = task_find(request->spawn.argv[0]);
	const struct fake_process *process =
	    task ? NULL : fake_main(service_of(request->spawn.argv[0]));

	if (job->deadline_ms != NEVER_MS)
		fault("a job is started twice");
	if (fake.job_error)
		return error_set(error, -fake.job_error, "fork: %s", strerror(fake.job_error));
	fake.job_starts++;
	job->request = *request;
	job->deadline_ms = deadline_after(now_ms, request->timeout_ms);
	job->end_ms = deadline_after(now_ms, task      ? task->end_ms
					     : process ? process->plan.check_ms
						       : 0);
	job->is_stopped = false;
	if (task)
		task_begin(task, request->spawn.environment);
	return 0;
}

pid_t job_pid(const struct job *job)
{
	(void)job;
	return 0; /* it is no process of this world */
}

void job_handle_exit(struct job *job, pid_t pid, const struct exit_info *exit, uint64_t now_ms)
{
	(void)job;
	(void)pid;
	(void)exit;
	(void)now_ms;
}

bool job_is_running(const struct job *job)
{
	return job->deadline_ms != NEVER_MS;
}

void job_shift(struct job *job, uint64_t gap_ms)
{
	job->deadline_ms = deadline_after(job->deadline_ms, gap_ms);
}

/* As at its limit: TERM, and then KILL. */
void job_stop(struct job *job, uint64_t now_ms)
{
	const struct fake_task *task = task_find(job->request.spawn.argv[0]);

	if (!job_is_running(job) || job->is_stopped)
		return;
	job->is_stopped = true;
	job->deadline_ms = deadline_after(now_ms, FAKE_KILL_AFTER_MS);
	job->end_ms = min_ms(job->end_ms, deadline_after(now_ms, task ? task->term_ms : NEVER_MS));
}

uint64_t job_deadline_ms(const struct job *job)
{
	return job->deadline_ms;
}

void job_handle_deadline(struct job *job, uint64_t now_ms)
{
	if (now_ms < job->deadline_ms)
		return;
	if (job->is_stopped || !task_find(job->request.spawn.argv[0]))
		job_end(job, JOB_TIMED_OUT);
	else
		job_stop(job, now_ms);
}

/* ---- identity: nobody becomes somebody else here ---- */

int text_file_read(const char *path, size_t max_bytes, char **ret_text, size_t *ret_bytes)
{
	return -ENOENT;
}

int text_file_read_trusted(const char *path, size_t max_bytes, char **ret_text, size_t *ret_bytes)
{
	return -ENOENT;
}

const char *text_file_fault(int result)
{
	return strerror(-result);
}

int privileges_capability(const char *name)
{
	return -EINVAL;
}

int privileges_prepare(struct privileges *privileges)
{
	return 0;
}

void privileges_deinit(struct privileges *privileges)
{
}

int privileges_lower(uint64_t needed, struct text *out)
{
	return 0;
}

const char *privileges_step_to_string(enum privileges_step step)
{
	return "step";
}
