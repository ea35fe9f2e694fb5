/* What the C clients share: arguments, clocks, threads, and the line of JSON.
 *
 * PROGRAM URL CA_FILE COUNT CONCURRENCY MODE [KEY=VALUE...]; each prints one line, as bench/README.md says.
 */
#ifndef BENCH_H
#define BENCH_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* Calls before the clock starts: the handshake, and what is made once. */
#define WARM_UP 3

struct bench {
    const char *url, *ca_file, *mode;
    char base[256]; /* the URL's beginning, such as https://127.0.0.1:8080/0.1 */
    char token[64]; /* the URL's last segment */
    int count, concurrency, more_count;
    char **more; /* KEY=VALUE */
    uint32_t *latencies;
    atomic_int done, left;
    double began, cpu_began;
};

static void fail(const char *what)
{
    fprintf(stderr, "%s\n", what);
    exit(2);
}

static double now_s(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static double cpu_s(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* Not getrusage's: that one begins with the memory of the process that started this one. */
static long peak_rss_kib(void)
{
    char line[256];
    long kib = 0;
    FILE *status = fopen("/proc/self/status", "r");
    while (status != NULL && fgets(line, sizeof line, status) != NULL)
        sscanf(line, "VmHWM: %ld", &kib);
    if (status != NULL)
        fclose(status);
    return kib;
}

static void parse(struct bench *bench, int count, char **words)
{
    if (count < 6)
        fail("expected URL CA_FILE COUNT CONCURRENCY MODE [KEY=VALUE...]");
    memset(bench, 0, sizeof *bench);
    bench->url = words[1], bench->ca_file = words[2], bench->mode = words[5];
    bench->count = atoi(words[3]), bench->concurrency = atoi(words[4]);
    bench->more = words + 6, bench->more_count = count - 6;
    const char *last = strrchr(bench->url, '/'), *resource = strstr(bench->url, "/token/");
    if (bench->count < 1 || bench->concurrency < 1 || last == NULL || resource == NULL)
        fail("COUNT and CONCURRENCY are positive, and the URL is that of a token");
    snprintf(bench->token, sizeof bench->token, "%s", last + 1);
    snprintf(bench->base, sizeof bench->base, "%.*s", (int)(resource - bench->url), bench->url);
    /* As many descriptors as this process may have, unless the caller says how many. */
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    const char *wanted = getenv("BENCH_DESCRIPTORS");
    limit.rlim_cur = wanted != NULL ? (rlim_t)atoi(wanted) : limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    /* Room is made beforehand, so that the measured calls allocate nothing for it. */
    bench->latencies = calloc((size_t)bench->count, sizeof *bench->latencies);
    if (bench->latencies == NULL)
        fail("no memory");
}

/* The clock starts. */
static void start(struct bench *bench)
{
    atomic_store(&bench->left, bench->count);
    bench->cpu_began = cpu_s();
    bench->began = now_s();
}

/* Takes the right to make one more call; false when all have been taken. */
static bool take(struct bench *bench)
{
    return atomic_fetch_sub(&bench->left, 1) > 0;
}

/* A call that began at this time has succeeded. */
static void note(struct bench *bench, double began)
{
    bench->latencies[atomic_fetch_add(&bench->done, 1)] = (uint32_t)((now_s() - began) * 1e6);
}

static int compare_latencies(const void *one, const void *other)
{
    uint32_t a = *(const uint32_t *)one, b = *(const uint32_t *)other;
    return (a > b) - (a < b);
}

static int finish(struct bench *bench)
{
    double seconds = now_s() - bench->began, cpu = cpu_s() - bench->cpu_began;
    int done = atomic_load(&bench->done);
    qsort(bench->latencies, (size_t)done, sizeof *bench->latencies, compare_latencies);
    printf("{\"calls\": %d, \"failed\": %d, \"seconds\": %.6f, \"cpu_seconds\": %.6f, \"p50_us\": %u, \"p99_us\": %u, "
           "\"peak_rss_kib\": %ld}\n",
           done, bench->count - done, seconds, cpu, done ? bench->latencies[done / 2] : 0,
           done ? bench->latencies[(size_t)done * 99 / 100] : 0, peak_rss_kib());
    free(bench->latencies);
    return 0;
}

/* A call by one worker; its number says which. Returns whether it succeeded. */
typedef bool (*call_function)(void *client, int worker);

struct crew {
    struct bench *bench;
    void *client;
    call_function call;
    bool in_bursts;
    pthread_barrier_t barrier;
    atomic_int next;
};

static void *work(void *data)
{
    struct crew *crew = data;
    struct bench *bench = crew->bench;
    int worker = atomic_fetch_add(&crew->next, 1);
    if (crew->in_bursts) {
        for (int burst = 0; burst < bench->count / bench->concurrency; burst++) {
            pthread_barrier_wait(&crew->barrier);
            double began = now_s();
            if (crew->call(crew->client, worker))
                note(bench, began);
        }
        return NULL;
    }
    pthread_barrier_wait(&crew->barrier);
    while (take(bench)) {
        double began = now_s();
        if (crew->call(crew->client, worker))
            note(bench, began);
    }
    return NULL;
}

/* Calls by as many threads as the concurrency says: each for itself, or all together in bursts. */
static void run_threads(struct bench *bench, void *client, call_function call, bool in_bursts)
{
    struct crew crew = {.bench = bench, .client = client, .call = call, .in_bursts = in_bursts};
    pthread_t *threads = calloc((size_t)bench->concurrency, sizeof *threads);
    pthread_barrier_init(&crew.barrier, NULL, (unsigned)bench->concurrency);
    start(bench);
    for (int i = 0; i < bench->concurrency; i++)
        if (pthread_create(&threads[i], NULL, work, &crew) != 0)
            fail("no more threads");
    for (int i = 0; i < bench->concurrency; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&crew.barrier);
    free(threads);
}

#endif
