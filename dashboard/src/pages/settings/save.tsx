// Sends what differs, and says that it was kept.

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { changeSettings } from '../../api/calls';
import { keys } from '../../api/keys';
import { Button } from '../../ui/button';
import { RefusalNotice } from '../../ui/refusal';

export function useChange() {
  const known = useQueryClient();
  return useMutation({
    mutationFn: changeSettings,
    onSuccess: (now) => {
      known.setQueryData(keys.settings, now);
      // What is shown of servers depends on them, like the names of tools.
      void known.invalidateQueries({ queryKey: keys.servers });
    },
  });
}

/** The button keeps the focus after it has done its work. */
export function Save({ change, changed }: { change: ReturnType<typeof useChange>; changed: boolean }) {
  const { t } = useTranslation();
  return (
    <>
      <RefusalNotice error={change.error} />
      <div className="flex items-center gap-3">
        <Button type="submit" look="act" busy={change.isPending} idle={!changed}>
          {t('do.save')}
        </Button>
        <span role="status" className="text-good">
          {change.isSuccess && !changed ? t('do.saved') : ''}
        </span>
      </div>
    </>
  );
}
