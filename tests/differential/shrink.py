"""The shortest sequence that still shows a difference: parts of it are left out, first large ones, then small ones."""


def shrink(case, play, tries_max=1500):
    """`play(case)` gives a Difference or None. Returns (case, its difference); the given case if it does not fail again."""
    found = play(case)
    if found is None:
        return case, None
    case = case.with_steps(case.steps[:found.at + 1])
    again = play(case)
    if again is None:  # only the whole sequence shows it
        return case, found
    found, part = again, max(len(case.steps) // 2, 1)
    while tries_max > 0:
        at = 0
        while at < len(case.steps) and tries_max > 0:
            tries_max -= 1
            shorter = case.with_steps(case.steps[:at] + case.steps[at + part:])
            again = play(shorter)
            if again is None:
                at += part
            else:
                case, found = shorter.with_steps(shorter.steps[:again.at + 1]), again
        if part == 1:
            break
        part = max(part // 2, 1)
    return _shorter_words(case, found, play)


def _shorter_words(case, found, play):
    """Long commands lose the words they do not need."""
    for number, (connection, words) in enumerate(case.steps):
        part = len(words) // 2
        while len(words) > 4 and part > 0:
            at = 1
            while at < len(words):
                fewer = words[:at] + words[at + part:]
                tried = case.with_steps([*case.steps[:number], (connection, fewer), *case.steps[number + 1:]])
                again = play(tried)
                if again is not None and again.what.split()[:1] == found.what.split()[:1]:
                    case, words, found = tried, fewer, again
                else:
                    at += part
            part //= 2
    return case, found
