#!/bin/sh
# A study as a Slurm array, then its merge:
#   id=$(sbatch --parsable bench/study/recipes/slurm.sh)
#   sbatch --dependency=afterok:$id --wrap 'npx starmind study merge build/study/part-*.jsonl --out build/study/whole.jsonl'
# Build the firmware once before (npm start), so that the tasks do not wait for each other. A task that was preempted goes on
# with the rows it has. Index and count come from the array: SLURM_ARRAY_TASK_ID, _MIN and _COUNT.
#SBATCH --job-name=starmind-study
#SBATCH --array=1-16
#SBATCH --cpus-per-task=2
#SBATCH --time=01:00:00
#SBATCH --requeue
set -eu
npx starmind study --set all --placement streamed --workers "${SLURM_CPUS_PER_TASK:-2}" --out "build/study/part-$SLURM_ARRAY_TASK_ID.jsonl"
