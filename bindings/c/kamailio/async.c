/* The asynchronous check. See async.h.
 *
 * A SIP worker writes the address of a query, which is in shared memory, to a pipe. A process of the module reads it,
 * submits the call to its queue, and waits for the pipe and the queue in one poll(). It is a pipe and not a socket
 * pair: writes of up to PIPE_BUF bytes are atomic (POSIX), several processes can read from it and share the work, and
 * it holds thousands of addresses before it is full.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "async.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <core/cfg/cfg_struct.h>
#include <core/dprint.h>
#include <core/mem/shm_mem.h>
#include <core/pt.h>
#include <core/route.h>
#include <modules/tm/tm_load.h>

#include "answer.h"
#include "question.h"
#include "verifier.h"

/* A suspended transaction, and the question that it waits for. In shared memory. */
struct query {
    unsigned int hash_index, label; /* how tm identifies the transaction */
    int route;                      /* where the script continues: an index of main_rt, the same in every process */
    const char *callback;           /* or this function of a KEMI script, if it is not NULL */
    int pid;                        /* the process that received the message */
    long asked_ms;
    struct packed_question question; /* points into texts; shared memory has the same address in every process */
    char texts[];
};

static struct async_settings settings;
static struct tm_binds tm;
static int pipe_ends[2] = {-1, -1}; /* to read from, to write to; -1 while there is no process that reads */

/* The same clock in every process. */
static long now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000L + now.tv_nsec / 1000000L;
}

int async_init(const struct async_settings *wanted)
{
    settings = *wanted;
    if (settings.workers <= 0) {
        return 0;
    }
    if (!module_loaded("tm")) {
        LM_NOTICE("tm is not loaded: there is no wazo_auth_check_async()\n");
        return 0;
    }
    if (load_tm_api(&tm) < 0) {
        LM_ERR("could not bind to tm\n");
        return -1;
    }
    /* Non-blocking: if the pipe is full, a SIP worker tells its script so; if another process was faster to read, this
     * one goes back to poll(). */
    if (pipe2(pipe_ends, O_CLOEXEC | O_NONBLOCK) != 0) {
        LM_ERR("no pipe: %s\n", strerror(errno));
        return -1;
    }
    register_procs(settings.workers);
    cfg_register_child(settings.workers);
    return 0;
}

/* Continues the transaction where its script said, and frees the query. */
static void resume(struct query *query)
{
    str callback = {(char *)query->callback, query->callback ? (int)strlen(query->callback) : 0};
    str event = str_init("wazo_auth:answer");
    int done;

    answer_resume_begins(query->pid);
    if (query->callback) {
        done = tm.t_continue_cb(query->hash_index, query->label, &callback, &event);
    } else {
        done = tm.t_continue(query->hash_index, query->label, main_rt.rlist[query->route]);
    }
    if (done < 0) {
        LM_DBG("transaction %u:%u is gone\n", query->hash_index, query->label);
    }
    answer_resume_ends();
    shm_free(query);
}

/* Submits the call. Returns false if there is nothing to wait for; the transaction has been resumed then. */
static bool submit(wazo_auth_queue *queue, struct query *query)
{
    const struct packed_question *asked = &query->question;
    wazo_auth_error *error = NULL;

    if (settings.timeout_ms > 0 && now_ms() - query->asked_ms >= settings.timeout_ms) {
        answer_note(NULL, ANSWER_UNKNOWN, "timeout", "no time left when it was its turn: too many checks in flight");
    } else if (wazo_auth_verifier_submit(verifier_get(), queue, asked->token, asked->acl, asked->tenant, query, &error) !=
               0) {
        return true;
    } else {
        answer_note_decision(NULL, false, NULL, error);
        wazo_auth_error_free(error);
    }
    resume(query);
    return false;
}

/* Takes at most `room` queries from the pipe. Returns how many calls were submitted. */
static int take_queries(wazo_auth_queue *queue, int room)
{
    struct query *taken[64];
    int begun = 0;
    size_t wanted = room < 64 ? (size_t)room : 64;
    ssize_t bytes = read(pipe_ends[0], taken, wanted * sizeof(taken[0]));

    for (ssize_t index = 0; index < bytes / (ssize_t)sizeof(taken[0]); index++) {
        begun += submit(queue, taken[index]);
    }
    return begun;
}

/* Resumes the transactions whose calls have ended. Returns how many there were. */
static int take_completions(wazo_auth_queue *queue)
{
    wazo_auth_completion *completion;
    int ended = 0;

    while ((completion = wazo_auth_queue_next(queue, 0)) != NULL) {
        struct query *query = wazo_auth_completion_user_data(completion);
        answer_note_decision(NULL, wazo_auth_completion_is_yes(completion), wazo_auth_completion_result(completion),
                             wazo_auth_completion_error(completion));
        wazo_auth_completion_free(completion);
        resume(query);
        ended++;
    }
    return ended;
}

/* The main loop of a process of the module. Returns only on failure. */
static void run(void)
{
    wazo_auth_error *error = NULL;
    wazo_auth_queue *queue = wazo_auth_queue_new(settings.limit, &error);
    int in_flight = 0;

    if (!queue) {
        LM_CRIT("no queue: %s\n", wazo_auth_error_message(error));
        wazo_auth_error_free(error);
        return;
    }
    for (;;) {
        struct pollfd waited[] = {
            {.fd = wazo_auth_queue_descriptor(queue), .events = POLLIN},
            /* With no room left, queries stay in the pipe; another process may take them. */
            {.fd = in_flight < settings.limit ? pipe_ends[0] : -1, .events = POLLIN},
        };
        if (poll(waited, 2, -1) < 0) {
            if (errno == EINTR) {
                continue;
            }
            LM_CRIT("poll: %s\n", strerror(errno));
            return;
        }
        if (waited[0].revents) {
            in_flight -= take_completions(queue);
        }
        if (waited[1].revents) {
            in_flight += take_queries(queue, settings.limit - in_flight);
        }
    }
}

int async_fork(void)
{
    if (pipe_ends[0] < 0) {
        return 0;
    }
    for (int number = 0; number < settings.workers; number++) {
        int pid = fork_process(PROC_RPC, "wazo_auth worker", 1);
        if (pid < 0) {
            LM_ERR("no process: %s\n", strerror(errno));
            return -1;
        }
        if (pid == 0) {
            if (cfg_child_init() == 0) {
                run();
            }
            /* Kamailio ends when one of its processes does, so that no transaction waits for this one for ever. */
            _exit(1);
        }
    }
    return 0;
}

bool async_is_possible(void)
{
    return pipe_ends[0] >= 0;
}

int async_fix(void **param, int number)
{
    int route;

    if (number != 3) {
        return question_fix(param, number);
    }
    if (!async_is_possible()) {
        LM_ERR("wazo_auth_check_async() needs tm, and async_workers of at least 1\n");
        return E_CFG;
    }
    route = route_lookup(&main_rt, *param);
    if (route < 0) {
        LM_ERR("wazo_auth_check_async(): there is no route[%s]\n", (char *)*param);
        return E_CFG;
    }
    *param = (void *)(long)route;
    return 0;
}

/* Makes sure that the message has a transaction. Returns 1 if it has one, otherwise the script function's result. */
static int transaction_of(struct sip_msg *msg)
{
    tm_cell_t *transaction = tm.t_gett();
    int created;

    if (transaction && transaction != T_UNDEFINED) {
        return 1;
    }
    created = tm.t_newtran(msg);
    if (created == 0) {
        return 0; /* a retransmission: tm has repeated the last reply */
    }
    transaction = tm.t_gett();
    if (created > 0 && transaction && transaction != T_UNDEFINED) {
        return 1;
    }
    return answer_note(msg, ANSWER_UNKNOWN, "internal", "tm could not create a transaction");
}

/* Suspends the transaction and passes the query on. */
static int suspend(struct sip_msg *msg, struct query *query)
{
    int suspended = tm.t_suspend(msg, &query->hash_index, &query->label);

    if (suspended > 0) {
        shm_free(query); /* the transaction was cancelled in the meantime */
        return 0;
    }
    if (suspended < 0) {
        shm_free(query);
        return answer_note(msg, ANSWER_UNKNOWN, "internal", "tm could not suspend the transaction");
    }
    unsigned int hash_index = query->hash_index, label = query->label;
    /* Once written, the query may be answered and freed before this function returns. */
    if (write(pipe_ends[1], &query, sizeof(query)) == (ssize_t)sizeof(query)) {
        return 0;
    }
    tm.t_cancel_suspend(hash_index, label);
    shm_free(query);
    return answer_note(msg, ANSWER_UNKNOWN, "quota", "too many checks wait: the pipe to the wazo_auth workers is full");
}

int async_ask(struct sip_msg *msg, struct question *question, int route, const char *callback)
{
    size_t size = question_size(question), callback_size = callback ? strlen(callback) + 1 : 0;
    struct query *query = shm_malloc(sizeof(*query) + size + callback_size);
    int has_transaction;

    if (!query) {
        return answer_note(msg, ANSWER_UNKNOWN, "internal", "no shared memory left (see kamailio -m)");
    }
    question_pack(question, &query->question, query->texts);
    query->callback = callback ? memcpy(query->texts + size, callback, callback_size) : NULL;
    query->route = route;
    query->pid = msg->pid;
    query->asked_ms = now_ms();
    has_transaction = transaction_of(msg);
    if (has_transaction != 1) {
        shm_free(query);
        return has_transaction;
    }
    return suspend(msg, query);
}

int async_check(struct sip_msg *msg, char *token, char *acl, char *route, char *tenant)
{
    struct question question;
    enum answer answer;
    int result;

    if (!question_read(&question, msg, token, acl, tenant, &answer)) {
        return answer;
    }
    if (verifier_recall(msg, &question, &answer)) {
        result = answer;
    } else {
        result = async_ask(msg, &question, (int)(long)route, NULL);
    }
    question_free(&question);
    return result;
}
