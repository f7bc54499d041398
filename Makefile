# Every target is one of start.py's, which works without make too: python3 start.py run
PYTHON ?= python3
TARGETS = run test setup fmt check bench test-services chaos

.PHONY: $(TARGETS)
.DEFAULT_GOAL = run

$(TARGETS):
	@$(PYTHON) start.py $@ $(ARGS)
