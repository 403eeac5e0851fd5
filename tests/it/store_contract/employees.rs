//! Employees and who drives what.

use cabwire::model::{Assignment, EmployeeId, NewEmployee, TrackerId, UserId};
use cabwire::store::StoreError;

use super::{Lab, NOW, engines};

engines!(
    an_employee_is_created_and_replaced,
    the_newest_assignment_counts,
    a_removed_employee_drives_nothing,
);

fn driver(name: &str) -> NewEmployee {
    NewEmployee {
        first_name: name.to_owned(),
        middle_name: "M".to_owned(),
        last_name: "Driver".to_owned(),
        email: "a@b".to_owned(),
        phone: "+1".to_owned(),
        hardware_key: Some("00AB".to_owned()),
        personnel_number: "7".to_owned(),
    }
}

async fn an_employee_is_created_and_replaced(lab: Lab) {
    let (store, _) = lab.open_with_trackers(1).await;
    let owner = store.reference(None).await.unwrap().users[0].id;
    let created = store.create_employee(owner, driver("Ann")).await.unwrap();
    assert_eq!((created.user, created.first_name.as_str()), (owner, "Ann"));
    assert_eq!(created.hardware_key.as_deref(), Some("00AB"));
    assert_eq!(store.reference(None).await.unwrap().employees, std::slice::from_ref(&created));

    let new = NewEmployee { hardware_key: None, ..driver("Anne") };
    let changed = store.change_employee(created.id, new).await.unwrap();
    assert_eq!(
        (changed.id, changed.user, changed.first_name.as_str()),
        (created.id, owner, "Anne")
    );
    assert_eq!(changed.hardware_key, None);
    assert_eq!(store.reference(None).await.unwrap().employees, [changed]);

    let nobody = store.create_employee(UserId(999), driver("X")).await;
    assert!(matches!(nobody, Err(StoreError::NotFound("user"))));
    let nobody = store.change_employee(EmployeeId(999), driver("X")).await;
    assert!(matches!(nobody, Err(StoreError::NotFound("employee"))));
}

async fn the_newest_assignment_counts(lab: Lab) {
    let (store, trackers) = lab.open_with_trackers(2).await;
    let owner = store.reference(None).await.unwrap().users[0].id;
    let ann = store.create_employee(owner, driver("Ann")).await.unwrap().id;
    assert_eq!(store.last_assignment(trackers[0]).await.unwrap(), None);
    let assign = |employee, changed, by_device| Assignment { employee, changed, by_device };
    let first = assign(Some(ann), NOW, false);
    store.assign_employee(trackers[0], first.clone()).await.unwrap();
    assert_eq!(store.last_assignment(trackers[0]).await.unwrap(), Some(first));
    let second = assign(None, NOW.plus(1), true);
    store.assign_employee(trackers[0], second.clone()).await.unwrap();
    assert_eq!(store.last_assignment(trackers[0]).await.unwrap(), Some(second));
    let third = assign(Some(ann), NOW.plus(2), true);
    store.assign_employee(trackers[0], third).await.unwrap();
    let all = store.reference(None).await.unwrap().trackers;
    let driver_of = |id| all.iter().find(|tracker| tracker.id == id).unwrap().employee;
    assert_eq!((driver_of(trackers[0]), driver_of(trackers[1])), (Some(ann), None));

    let unknown = assign(Some(EmployeeId(999)), NOW, false);
    let refused = store.assign_employee(trackers[0], unknown).await;
    assert!(matches!(refused, Err(StoreError::NotFound("employee"))));
    let refused = store.assign_employee(TrackerId(999), assign(None, NOW, false)).await;
    assert!(matches!(refused, Err(StoreError::NotFound("tracker"))));
    let last = store.last_assignment(trackers[0]).await.unwrap().unwrap();
    assert_eq!(last.changed, NOW.plus(2), "a refused assignment leaves no trace");
}

async fn a_removed_employee_drives_nothing(lab: Lab) {
    let (store, trackers) = lab.open_with_trackers(1).await;
    let owner = store.reference(None).await.unwrap().users[0].id;
    let ann = store.create_employee(owner, driver("Ann")).await.unwrap().id;
    let assignment = Assignment { employee: Some(ann), changed: NOW, by_device: false };
    store.assign_employee(trackers[0], assignment).await.unwrap();
    let revision = store.reference(None).await.unwrap().revision;

    store.remove_employee(ann).await.unwrap();
    assert!(matches!(store.remove_employee(ann).await, Err(StoreError::NotFound("employee"))));
    let changes = store.reference(Some(revision)).await.unwrap();
    assert_eq!(changes.trackers.len(), 1, "the tracker changed too");
    assert_eq!(changes.trackers[0].employee, None);
    let last = store.last_assignment(trackers[0]).await.unwrap().unwrap();
    assert_eq!((last.employee, last.changed), (None, NOW));
}
