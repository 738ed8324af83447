#!/bin/bash
# Grades one share of a class in each task of a Slurm array. From the kit's folder,
# which all nodes must see, as the folders that are named:
#
#   make bin/checker
#   id=$(sbatch --parsable docs/at-scale/slurm.sh CLASS report 03)
#   sbatch --dependency=afterany:"$id" --wrap 'bin/checker merge --out report report/shard-*'
#
# A task that was killed, preempted or requeued goes on where it was: submit
# the array again with the same folders, and only what is missing is graded.

#SBATCH --job-name=grade
#SBATCH --array=1-8
#SBATCH --cpus-per-task=2
#SBATCH --mem=6G
#SBATCH --time=02:00:00
#SBATCH --requeue
#SBATCH --output=grade-%A-%a.log

set -u
submissions=${1:?say which folder holds the submissions} out=${2:-report} step=${3:-03}

cd "${SLURM_SUBMIT_DIR:?run it with sbatch}" || exit 2
out=$out/shard-$SLURM_ARRAY_TASK_ID
bin/checker grade --step "$step" --jobs "$SLURM_CPUS_PER_TASK" \
  --shard "$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT" --out "$out" "$submissions"
status=$?
# 1 says that a submission failed, 2 that something could not be graded. Where
# there is a report both are in it, and the task has done its work.
if [ "$status" -le 2 ] && [ -f "$out/results.json" ]; then exit 0; fi
exit "$status"
