/* A verifier that forked workers share: what one has asked, none of the others asks; and whatever instruction a worker is
 * killed at, no decision is wrong, nobody waits for the dead, and the survivors go on.
 */
#include "host.h"

#include <stddef.h>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

enum { WORKERS = 8, TOKENS = 460 };

/* What the workers tell, in memory that all have. */
struct told {
    atomic_long decisions, wrong, slowest_us;
    atomic_int ready;
    atomic_bool go, stop;
};

static struct told *told;
static wazo_auth_verifier *verifier;

static void told_wrong(const char *token, const char *access, bool yes)
{
    if (told->wrong++ < 5)
        note("pid %d: %s for %s: %s", getpid(), access, token, yes ? "yes" : "no");
}

/* One decision, and whether it is right. */
static void decide(unsigned *seed)
{
    char token[32], access[32], user[48];
    int number = rand_r(seed) % TOKENS, other = rand_r(seed) % TOKENS, kind = rand_r(seed) % 16;
    wazo_auth_error *error = NULL;
    wazo_auth_verdict_t verdict;
    bool yes, due = number == other;
    double begun = now_ms();

    snprintf(token, sizeof token, "%s-%d", kind == 0 ? "bad" : "good", number);
    snprintf(access, sizeof access, "may.%d.x%d", other, kind % 4);
    if (kind == 0)
        due = false;
    if (kind == 1) {
        char *decision = NULL;
        snprintf(user, sizeof user, "\"user_uuid\":\"user-%d\"", number);
        yes = wazo_auth_verifier_decide(verifier, token, access, NULL, &decision, &error);
        if (decision == NULL || strstr(decision, user) == NULL)
            told_wrong(token, decision == NULL ? wazo_auth_error_message(error) : decision, yes);
        wazo_auth_string_free(decision);
    } else if (kind == 2) {
        /* What is not known is no answer; what is known must be right. */
        yes = wazo_auth_verifier_peek(verifier, token, access, NULL, &verdict);
        if (verdict == WAZO_AUTH_VERDICT_UNKNOWN)
            due = false;
    } else {
        yes = wazo_auth_verifier_check(verifier, token, access, NULL, &verdict, &error);
        if (error != NULL && told->wrong++ < 5)
            note("pid %d: %s", getpid(), wazo_auth_error_message(error));
    }
    wazo_auth_error_free(error);
    if (yes != due)
        told_wrong(token, access, yes);
    if (rand_r(seed) % 20000 == 0) {
        snprintf(user, sizeof user, "session-%d", other);
        wazo_auth_verifier_invalidate(verifier, "session", user, NULL);
    }
    told->decisions++;
    long took = (long)((now_ms() - begun) * 1000);
    if (took > told->slowest_us)
        told->slowest_us = took;
}

static pid_t start_worker(unsigned seed)
{
    pid_t pid = fork();
    if (pid == 0) {
        while (!told->stop)
            decide(&seed);
        _exit(0);
    }
    return pid;
}

static void killed_at_any_instruction(void)
{
    /* Emulated, or under a sanitizer, there is time for fewer (tests/host/run.py). */
    const char *slower = getenv("SLOWER");
    long due = scaled(10000000, 200000) / (slower != NULL && atol(slower) > 1 ? atol(slower) : 1), kills = 0;
    unsigned seed = (unsigned)getpid();
    pid_t workers[WORKERS];
    double begun = now_ms();

    for (int at = 0; at < WORKERS; at++)
        workers[at] = start_worker(seed + (unsigned)at);
    while (told->decisions < due && now_ms() - begun < 400000) {
        int victim = rand_r(&seed) % WORKERS;
        pause_ms(rand_r(&seed) % 20);
        kill(workers[victim], SIGKILL);
        waitpid(workers[victim], NULL, 0);
        kills++;
        workers[victim] = start_worker((unsigned)rand_r(&seed));
    }
    told->stop = true;
    int ended = 0, status;
    double stopped = now_ms();
    for (int at = 0; at < WORKERS; at++)
        ended += waitpid(workers[at], &status, 0) == workers[at] && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    promise(told->decisions >= due && told->wrong == 0 && ended == WORKERS,
            "workers that share a verifier and are killed at any instruction decide nothing wrong and wait for nobody",
            "%ld decisions, %ld workers killed, %ld wrong, the slowest decision %ld ms, the end %.0f ms",
            (long)told->decisions, kills, (long)told->wrong, (long)told->slowest_us / 1000, now_ms() - stopped);
}

static void asked_once(void)
{
    enum { COLD = 40 };
    pid_t workers[WORKERS];
    long before = control("stats", NULL, "requests"), good = 0;

    for (int at = 0; at < WORKERS; at++) {
        workers[at] = fork();
        if (workers[at] != 0)
            continue;
        int right = 0;
        told->ready++;
        while (!told->go)
            ;
        for (int number = 0; number < COLD; number++) {
            char token[48];
            /* Held for 20 ms by the server, so that the others come meanwhile. */
            snprintf(token, sizeof token, "delay.20_good-%d", 10000 + number);
            right += wazo_auth_verifier_check(verifier, token, NULL, NULL, NULL, NULL);
        }
        _exit(right == COLD ? 0 : 1);
    }
    while (told->ready < WORKERS)
        pause_ms(1);
    told->go = true;
    for (int at = 0; at < WORKERS; at++) {
        int status;
        good += waitpid(workers[at], &status, 0) == workers[at] && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    }
    /* The control route is a request too. */
    long requests = control("stats", NULL, "requests") - before - 1;
    promise(good == WORKERS && requests == COLD, "of workers that ask about the same token at the same time, one asks",
            "%d workers, %d tokens, %ld requests", WORKERS, COLD, requests);
}

/* A filter by which the kernel kills whoever makes a system call other than exit. (Seccomp's strict mode would forbid the
 * clock's instruction as well.) */
static void without_system_calls(void)
{
    enum { TIMES = 100000 };
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL),
    };
    struct sock_fprog program = {COUNT(filter), filter};
    int status;
    bool known = wazo_auth_verifier_check(verifier, "good-7", "may.7.x", NULL, NULL, NULL);
    pid_t pid = fork();

    if (pid == 0) {
        int yes = 0;
        /* The first use in a thread may ask for memory. */
        known = wazo_auth_verifier_peek(verifier, "good-7", "may.7.x", NULL, NULL);
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
            _exit(3);
        for (int time = 0; time < TIMES; time++) {
            yes += wazo_auth_verifier_peek(verifier, "good-7", "may.7.x", NULL, NULL);
            yes += wazo_auth_verifier_check(verifier, "good-7", "may.7.x", NULL, NULL, NULL);
        }
        syscall(SYS_exit, yes == 2 * TIMES ? 0 : 1);
    }
    waitpid(pid, &status, 0);
    promise(known && WIFEXITED(status) && WEXITSTATUS(status) == 0, "a decision that is known makes no system call",
            "%d decisions, %s %d", 2 * TIMES, WIFSIGNALED(status) ? "ended by signal" : "status",
            WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

int main(void)
{
    wazo_auth_error *error = NULL;
    wazo_auth_client *client = client_of(false, NULL);
    told = mmap(NULL, sizeof *told, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    verifier = wazo_auth_verifier_new(client, "{\"shared\": true, \"max_tokens\": 400, \"ttl_ms\": 600000}", &error);
    if (verifier == NULL) {
        note("no verifier to test with: %s", wazo_auth_error_message(error));
        return 2;
    }
    asked_once();
    without_system_calls();
    killed_at_any_instruction();
    wazo_auth_verifier_free(verifier);
    wazo_auth_client_free(client);
    return host_failed != 0;
}
