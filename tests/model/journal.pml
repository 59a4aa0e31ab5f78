/*
 * The protocol of a journal that workers of several machines share, in every order in which its steps can come.
 *
 * A worker claims an invoice, writes the intent to send it, calls the service, and writes what became of it. It may
 * crash at any step, or pause: then its lease runs out, and others settle what it has in its hands. A commit may be
 * lost on its way; the worker then reads the transaction's note again. The service may lose a call or an answer, and
 * its list may be late: an invoice is believed to be absent only after a witness, which was sent after the lost call
 * had ended and is listed. The database may fail over to a replica that has lost the last commits: what is not final
 * is then looked up first.
 *
 * Checked: the service takes no invoice twice; an invoice that the journal says is accepted was taken; nobody waits
 * for ever; in the end each invoice is accepted, or UNKNOWN. Each fence is a macro, and without any one of them a
 * check fails (test_model.py). W workers, N invoices and the number of each mishap are given with -D.
 */

#ifndef W
#define W 2
#endif
#ifndef N
#define N 2
#endif
#ifndef CRASHES
#define CRASHES 1
#endif
#ifndef PAUSES
#define PAUSES 1
#endif
#ifndef LOSSES
#define LOSSES 1
#endif
#ifndef FAILOVERS
#define FAILOVERS 0
#endif
#define TOKENS (2 * W + CRASHES + PAUSES + W * FAILOVERS + 1)

#define PENDING 0
#define CLAIMED 1
#define SENDING 2
#define UNKNOWN 3
#define ACCEPTED 4

/* The fences; -DNO_... takes one away. */
#ifdef NO_TERM          /* A run writes only into the database that it began in, */
#define SAME_TERM true
#define DOUBTED (replica_state[k] >= SENDING -> UNKNOWN : PENDING)
#else
#define SAME_TERM (known[w] == term)
#define DOUBTED UNKNOWN /* and after a failover nothing counts as surely not sent. */
#endif
#ifdef NO_HOLDER        /* A run writes only while it is alive, of what it has in its hands. */
#define ALIVE true
#define HELD true
#else
#define ALIVE (alive[token[w]])
#define HELD (alive[token[w]] && holder[i] == token[w])
#endif
#ifdef NO_INTENT        /* The intent is written before the call. */
#define INTENT CLAIMED
#else
#define INTENT SENDING
#endif
#ifdef NO_NOTE          /* After a lost commit its note is read: without it the transaction is written again. */
#define AFTER_LOSS CALL
#else
#define AFTER_LOSS SEND
#endif
#ifdef NO_DEADLINE      /* No call begins unless it ends within the lease, by the machine's own clock. */
#define MAY_CALL true
#else
#define MAY_CALL (leased[w])
#endif
#ifdef NO_LOOKUP        /* What was being sent as a lease ran out may have arrived. */
#define LEFT PENDING
#else
#define LEFT UNKNOWN
#endif
#ifdef NO_WAIT          /* Its absence counts after the lost call has ended, */
#define CALL_ENDED true
#else
#define CALL_ENDED (calls[i] == 0)
#endif
#ifdef NO_DOUBT_WAIT    /* and after a failover when no run can begin a call any more that began before it. */
#define OLD_LEASES_OVER true
#else
#define OLD_LEASES_OVER (old == 0)
#endif
#ifdef NO_WITNESS       /* Absence is proved by a witness that is listed, */
#define WITNESSED true
#else
#define WITNESSED witnessed
#endif
#ifdef NO_ORDER         /* whose attempt began after the lost call had ended. */
#define LATER true
#else
#define LATER (sequence[k] > ended[i])
#endif

/* The database, and the replica that is behind it. A token is a run's number, and what names its process. */
byte state[N], holder[N], sequence[N], ended[N], last = 1;
byte replica_state[N], replica_sequence[N], replica_last = 1;
bool alive[TOKENS];
byte term = 0;

/* The service: calls under way, how often it took an invoice, as which one, and how many its list shows. */
byte calls[N], taken[N], place[N], count = 0, shown = 0;

/* The machines; old counts the leases that run on since before a failover. */
byte token[W], known[W], tokens = 0, old = 0, over = 0;
bool leased[W];
byte crashes = CRASHES, pauses = PAUSES, losses = LOSSES, failovers = FAILOVERS;

#define START 0    /* begins a run */
#define FREE 1     /* has nothing in its hands */
#define LOOK 2     /* looks an invoice up */
#define SEND 3     /* writes the intent to send it */
#define CALL 4     /* begins the call */
#define WAIT 5     /* waits for the answer */
#define YES 6      /* writes that it is accepted */
#define LOST 7     /* writes that it is unknown */

#define IS_LISTED(k) (place[k] != 0 && place[k] <= shown)
#define IS_LEFT(k) (holder[k] != 0 && !alive[holder[k]])
#define IS_FREE(k, s) (holder[k] == 0 && state[k] == s)

inline lose_lease() {
    alive[token[w]] = false;
    if
    :: leased[w] && known[w] != term -> old--
    :: else
    fi;
    leased[w] = false
}

inline settle(k) {
    if
    :: IS_LEFT(k) ->
        holder[k] = 0;
        state[k] = (state[k] == CLAIMED -> PENDING : (state[k] == SENDING -> LEFT : state[k]))
    :: else
    fi
}

inline take(k) {
    i = k; holder[k] = token[w];
    if
    :: state[k] == PENDING -> state[k] = CLAIMED; pc = SEND
    :: else -> pc = LOOK
    fi
}

inline write(new) {
    if
    :: HELD && SAME_TERM -> state[i] = new; holder[i] = 0; pc = FREE
    :: else -> pc = START
    fi
}

inline look_up() {
    if
    :: !(HELD && SAME_TERM) -> pc = START
    :: HELD && SAME_TERM && IS_LISTED(i) -> state[i] = ACCEPTED; holder[i] = 0; pc = FREE
    :: HELD && SAME_TERM && !IS_LISTED(i) ->
        if
        :: ended[i] == 0 && CALL_ENDED && OLD_LEASES_OVER -> ended[i] = last
        :: else
        fi;
        /* What this journal has never sent, and another may have: what is later by the service's own time is listed. */
        witnessed = term > 0 && sequence[i] == 0 && shown == count;
        for (k : 0 .. N - 1) {
            if
            :: k != i && state[k] == ACCEPTED && IS_LISTED(k) && LATER -> witnessed = true
            :: else
            fi
        }
        if
        :: ended[i] != 0 && WITNESSED -> pc = SEND
        :: else -> holder[i] = 0; pc = FREE
        fi
    fi
}

proctype Worker(byte w) {
    byte pc = START, i = 0, k = 0, before = 0;
    bool witnessed = false;

    do
    :: atomic { pc == START ->
        lose_lease();
        tokens++; assert(tokens < TOKENS);
        token[w] = tokens; alive[tokens] = true; known[w] = term; leased[w] = true; pc = FREE }

    /* Whoever meets what a run has left that is not alive settles it. */
    :: atomic { pc == FREE && SAME_TERM && ALIVE && (IS_LEFT(0) || IS_LEFT(N - 1)) -> settle(0); settle(N - 1) }
    :: atomic { pc == FREE && SAME_TERM && ALIVE && IS_FREE(0, PENDING) -> take(0) }
    :: atomic { pc == FREE && SAME_TERM && ALIVE && IS_FREE(0, UNKNOWN) -> take(0) }
#if N > 1
    :: atomic { pc == FREE && SAME_TERM && ALIVE && IS_FREE(1, PENDING) -> take(1) }
    :: atomic { pc == FREE && SAME_TERM && ALIVE && IS_FREE(1, UNKNOWN) -> take(1) }
#endif
    :: atomic { pc == FREE && !(SAME_TERM && ALIVE) -> pc = START }
    :: atomic { pc == FREE && SAME_TERM && state[0] >= UNKNOWN && state[N - 1] >= UNKNOWN -> over++; break }

    :: atomic { pc == LOOK -> look_up() }

    /* The intent. Its commit may be lost. */
    :: atomic { pc == SEND && HELD && SAME_TERM ->
        state[i] = INTENT; last++; sequence[i] = last; ended[i] = 0; pc = CALL }
    :: atomic { pc == SEND && HELD && SAME_TERM && losses > 0 -> losses--; pc = AFTER_LOSS }
    :: atomic { pc == SEND && !(HELD && SAME_TERM) -> pc = START }

    :: atomic { pc == CALL && MAY_CALL -> calls[i]++; before = taken[i]; pc = WAIT }
    :: atomic { pc == CALL && !(MAY_CALL) -> pc = START }
    :: atomic { pc == WAIT && taken[i] > before -> pc = YES }
    :: atomic { pc == WAIT -> pc = LOST }
    :: atomic { pc == YES -> write(ACCEPTED) }
    :: atomic { pc == LOST -> write(UNKNOWN) }

    /* Mishaps: its process dies; it sleeps past its lease; its lease of before a failover ends. */
    :: atomic { pc != START && crashes > 0 -> crashes--; pc = START }
    :: atomic { pc != START && pauses > 0 && leased[w] -> pauses--; lose_lease() }
    :: atomic { pc != START && leased[w] && known[w] != term -> lose_lease() }
    od
    atomic { lose_lease(); pc = 0; i = 0; k = 0; before = 0; witnessed = false }
}

active proctype Service() {
end:
    do
    :: atomic { calls[0] > 0 -> calls[0]--; taken[0]++; assert(taken[0] == 1); count++; place[0] = count }
    :: atomic { calls[0] > 0 -> calls[0]-- }
#if N > 1
    :: atomic { calls[1] > 0 -> calls[1]--; taken[1]++; assert(taken[1] == 1); count++; place[1] = count }
    :: atomic { calls[1] > 0 -> calls[1]-- }
#endif
    :: atomic { shown < count -> shown++ }
    od
}

#if FAILOVERS > 0
active proctype Replica() {
    byte k;
    bool copied = false;
end:
    do
    :: atomic { failovers > 0 && !copied -> /* the last time that it was up to date; before that, it was at the start */
        copied = true;
        for (k : 0 .. N - 1) { replica_state[k] = state[k]; replica_sequence[k] = sequence[k] }
        replica_last = last; k = 0 }
    :: atomic { failovers > 0 ->
        failovers--; term++; old = 0;
        for (k : 0 .. N - 1) {
            state[k] = (replica_state[k] == ACCEPTED -> ACCEPTED : DOUBTED);
            sequence[k] = replica_sequence[k]; ended[k] = 0; holder[k] = 0;
            replica_state[k] = 0; replica_sequence[k] = 0
        }
        for (k : 0 .. W - 1) {
            if
            :: leased[k] -> old++
            :: else
            fi
        }
        last = replica_last; replica_last = 1; k = 0 }
    od
}
#endif

init {
    byte w, k;
    atomic {
        for (w : 0 .. W - 1) { run Worker(w) }
    }
    atomic { over == W ->
        for (k : 0 .. N - 1) {
            assert(state[k] == UNKNOWN || (state[k] == ACCEPTED && taken[k] == 1))
        }
    }
}
