"""Playing a scenario's script: alerts, talk and changes, each when it is due."""
