"""From rows to a certified answer: plan, reduce, solve, confirm, refine; one module a step."""
